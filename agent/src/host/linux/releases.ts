import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { spareSlot, type Slot } from "../../upgrade/trial.ts";
import { BadArchive, type HostReleases } from "../host-releases.ts";
import { releaseFolder } from "./release-folder.ts";
import { unpack } from "./unpack.ts";

/** Where the program of a release begins, below its folder. */
export const PROGRAM = "bin/edgemere-agent.js";

/** The releases of this machine, of which the agent runs from this slot. */
export function linuxReleases(folder: string, slot: Slot): HostReleases {
  const state = releaseFolder(folder);
  return {
    slot,
    nodeVersion: process.versions.node,
    install: async (wanted, signal) => {
      const to = spareSlot(slot);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await unpack(wanted, join(folder, to), signal);
      await access(join(folder, to, PROGRAM)).catch(() => {
        throw new BadArchive(`there is no ${PROGRAM} in it`);
      });
      return to;
    },
    arm: (trial) => state.keepTrial(trial),
    trial: () => state.trial(),
    ends: () => state.ends(),
    mark: (mark) => state.keepMark(mark),
  };
}

import { constants } from "node:fs";
import { access, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { spareSlot, type Slot } from "../../upgrade/trial.ts";
import { BadArchive, type HostReleases } from "../host-releases.ts";
import { receiveFile } from "./incoming-file.ts";
import { releaseFolder } from "./release-folder.ts";
import { unpack } from "./unpack.ts";

/** Where the program of a release begins, below its folder. */
export const PROGRAM = "bin/edgemere-agent.js";
/** An archive that was received, or a part of one; each names its upgrade. */
const RECEIVED = /^(?:\.edgemere-(.+)\.part|(.+)\.tar\.gz)$/;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;

/** The releases of this machine, of which the agent runs from this slot. */
export function linuxReleases(folder: string, slot: Slot): HostReleases {
  const state = releaseFolder(folder);
  const nameFor = (command: string) => `${command}.tar.gz`;
  const make = () => mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    slot,
    nodeVersion: process.versions.node,
    receive: async ({ command, bytes, sha256 }) => {
      await make();
      const name = nameFor(command);
      const request = { path: join(folder, name), roots: [folder], mark: command, bytes, sha256, mode: 0o600 };
      return receiveFile({ folder: await open(folder, FOLDER), name }, request);
    },
    archiveFor: (command) => join(folder, nameFor(command)),
    sweep: async (going) => {
      for (const name of await readdir(folder).catch(() => [])) {
        const [, part, whole] = RECEIVED.exec(name) ?? [];
        const command = part ?? whole;
        if (command !== undefined && !going.has(command)) await rm(join(folder, name), { force: true });
      }
    },
    install: async (wanted, signal) => {
      const to = spareSlot(slot);
      await make();
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

import { readlink, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { nodeDisk } from "@edgemere/protocol/kit";
import type { Mark, Slot, Trial, TrialEnd } from "../../upgrade/trial.ts";
import { syncFolder } from "./synced.ts";

const FILES = { trial: "trial", mark: "mark", ends: "ends" } as const;
const CURRENT = "current";
const MOST_ENDS = 16;

/**
 * What launcher, watcher and agent tell each other: the folders `a` and `b`, the link `current`, a trial while there is one, what the release
 * on trial says of itself, and how trials ended. Each file is replaced in one step; that a trial is over counts from its line in `ends`.
 */
export function releaseFolder(folder: string) {
  const disk = nodeDisk(folder);
  const read = async <T>(name: string): Promise<T | undefined> => {
    const bytes = await disk.read(name);
    try {
      return bytes && (JSON.parse(Buffer.from(bytes).toString()) as T);
    } catch {
      // Half a file is none: each was written in one step, so somebody else wrote this one.
      return undefined;
    }
  };
  const write = (name: string, value: object) => disk.write(name, Buffer.from(JSON.stringify(value)));
  const ends = async () => (await read<readonly TrialEnd[]>(FILES.ends)) ?? [];
  const current = async (): Promise<Slot> => {
    const name = await readlink(join(folder, CURRENT)).catch(() => "");
    return name === "a" || name === "b" ? name : "base";
  };
  return {
    trial: () => read<Trial>(FILES.trial),
    keepTrial: (trial: Trial) => write(FILES.trial, trial),
    mark: () => read<Mark>(FILES.mark),
    keepMark: (mark: Mark) => write(FILES.mark, mark),
    ends,
    current,
    /** Leads to another release, in one step. */
    async lead(slot: Slot): Promise<void> {
      if ((await current()) === slot) return;
      const [link, fresh] = [join(folder, CURRENT), join(folder, `${CURRENT}.unfinished`)];
      await rm(fresh, { force: true });
      if (slot === "base") await rm(link, { force: true });
      else {
        await symlink(slot, fresh);
        await rename(fresh, link);
      }
      await syncFolder(folder);
    },
    /** From here on it is over, whatever is cut off next. */
    end: async (end: TrialEnd) => write(FILES.ends, [...(await ends()), end].slice(-MOST_ENDS)),
    async forgetTrial(): Promise<void> {
      await disk.remove(FILES.mark);
      await disk.remove(FILES.trial);
    },
  };
}

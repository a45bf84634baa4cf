import { readdir, readFile } from "node:fs/promises";
import { eventually } from "../../world/world.ts";

/** Resolves when every thread of a stopped process has left the kernel: no call of it is under way any more. */
export const standsStill = (pid: number): Promise<unknown> =>
  eventually(async () => {
    const threads = await readdir(`/proc/${pid}/task`);
    const states = await Promise.all(threads.map((thread) => stateOf(`/proc/${pid}/task/${thread}/stat`)));
    return states.every((state) => state === "T");
  }, `process ${pid} to stand still`);

/** The word after the name, which may hold anything but ends with the last bracket (proc_pid_stat(5)). */
async function stateOf(path: string): Promise<string | undefined> {
  const stat = await readFile(path, "utf8");
  return stat[stat.lastIndexOf(")") + 2];
}

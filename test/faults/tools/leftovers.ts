import { readdir, readFile, rmdir } from "node:fs/promises";
import { isRunning } from "../../world/jobs.ts";
import { command } from "./command.ts";

let made = 0;

/** A name that tells whose it is: what a run that was killed leaves behind is known as such. */
export const ownName = (): string => `edgemere-fault-${process.pid}-${made++}`;

const NAME = /edgemere-fault-(\d+)-\d+/;
const isLeftOver = (name: string) => !isRunning(Number(NAME.exec(name)?.[1] ?? process.pid));

/** Takes away namespaces, mounts and groups of runs that ended without doing so. */
export async function sweep(): Promise<void> {
  const namespaces = (await readdir("/run/netns").catch(() => [])).filter(isLeftOver);
  for (const name of namespaces) await command("ip", "netns", "delete", name);
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").flatMap((line) => line.split(" ")[1] ?? []);
  // The deepest come last in the list.
  for (const path of mounts.filter(isLeftOver).toReversed()) await command("umount", "--lazy", path);
  for (const kind of ["memory", "freezer"]) {
    const folder = `/sys/fs/cgroup/${kind}`;
    const groups = (await readdir(folder).catch(() => [])).filter(isLeftOver);
    for (const name of groups) await rmdir(`${folder}/${name}`).catch(() => {});
  }
}

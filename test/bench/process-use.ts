import { readFile } from "node:fs/promises";

// The unit of CPU times in /proc, whatever the kernel's own tick is.
const TICKS_PER_SECOND = 100;
const KIB_PER_MIB = 1024;

/** What a process has used since it began. */
interface ProcessUse {
  /** Milliseconds of all its threads; the kernel counts in steps of 10. */
  readonly cpu: number;
  /** MiB in memory now, and of these those that belong to nobody else. */
  readonly resident: number;
  readonly own: number;
  /** Page faults of child processes that have ended: no process can live without some. */
  readonly childFaults: number;
}

export async function useOf(pid: number): Promise<ProcessUse> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  // The second field, a name, may hold anything but ends with the last bracket; the next one is the third (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / KIB_PER_MIB;
  return {
    cpu: ((field(14) + field(15)) * 1_000) / TICKS_PER_SECOND,
    resident: mebibytes("VmRSS"),
    own: mebibytes("RssAnon"),
    childFaults: field(11) + field(13),
  };
}

import { kernelNames, kernelText } from "./kernel-files.ts";

/** What /proc/PID/stat says of one process. */
export interface ProcessStat {
  readonly pid: number;
  /** The program's name as the process has it: whatever it likes, of at most 15 bytes. */
  readonly name: string;
  /** The kernel's letter. */
  readonly state: string;
  /** Of all its threads, in clock ticks. */
  readonly cpuTicks: number;
  /** When it was started, in clock ticks since the boot: tells it from a later one of the same number. */
  readonly startedAt: number;
  readonly residentPages: number;
}

/** From /proc/PID/stat (proc(5)); undefined for what is none. The name may hold blanks and brackets, so it ends with the last one. */
export function processStat(text: string): ProcessStat | undefined {
  const [begin, end] = [text.indexOf("("), text.lastIndexOf(")")];
  if (begin < 0 || end < begin) return undefined;
  const fields = text.slice(end + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3] ?? NaN);
  const stat = {
    pid: parseInt(text, 10),
    name: text.slice(begin + 1, end),
    state: fields[0] ?? "",
    cpuTicks: field(14) + field(15),
    startedAt: field(22),
    residentPages: field(24),
  };
  return [stat.pid, stat.cpuTicks, stat.startedAt, stat.residentPages].every(Number.isFinite) ? stat : undefined;
}

/** Every process that this user may see. One that ends meanwhile is left out. */
export function* allProcesses(folder = "/proc"): Generator<ProcessStat> {
  for (const name of kernelNames(folder)) {
    if (!/^\d+$/.test(name)) continue;
    const stat = processStat(kernelText(`${folder}/${name}/stat`) ?? "");
    if (stat !== undefined) yield stat;
  }
}

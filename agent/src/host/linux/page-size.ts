import { kernelText } from "./kernel-files.ts";

const USUAL = 4_096;

/** Bytes of a page of memory, from /proc/self/smaps: Node does not tell, and some processors have pages of 16 or 64 KiB. */
export function pageSize(text = kernelText("/proc/self/smaps") ?? ""): number {
  const kilobytes = Number(/^KernelPageSize:\s+(\d+) kB$/m.exec(text)?.[1] ?? NaN);
  return kilobytes > 0 ? kilobytes * 1_024 : USUAL;
}

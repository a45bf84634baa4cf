import type { Terminal } from "./terminal.ts";

const MEGABYTE = 1e6;
const inMegabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(1);

/** Shows how far it is: on one line of a terminal again and again, elsewhere not at all. */
export function progressOf({ stderr }: Terminal, verb: string, bytes: number): (done: number) => void {
  if (stderr.isTTY !== true) return () => {};
  return (done) =>
    void stderr.write(`\r${verb} ${inMegabytes(done)} of ${inMegabytes(bytes)} MB${done < bytes ? "" : "\n"}`);
}

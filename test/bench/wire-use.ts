import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

// IPv4 and TCP with its timestamps.
const HEADERS = 20 + 32;

/** What the kernel counts of each connection from this machine to a port of it, by process: encrypted bytes both ways, and headers of every segment. */
export async function wireUse(port: number): Promise<ReadonlyMap<number, number>> {
  const { stdout } = await run("ss", ["-tinpHO", "state", "established", "dst", `127.0.0.1:${port}`]);
  return new Map(
    stdout.split("\n").flatMap((line) => {
      const count = (name: string) => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
      const pid = Number(/pid=(\d+)/.exec(line)?.[1] ?? NaN);
      if (Number.isNaN(pid)) return [];
      const segments = count("segs_out") + count("segs_in");
      return [[pid, count("bytes_sent") + count("bytes_received") + HEADERS * segments] as const];
    }),
  );
}

/** Whether this machine can tell; Debian's iproute2 has it. */
export const canTellWireUse = async (): Promise<boolean> =>
  run("ss", ["--version"]).then(
    () => true,
    () => false,
  );

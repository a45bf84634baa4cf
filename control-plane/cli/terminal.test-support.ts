import { PassThrough } from "node:stream";
import { runCommandLine } from "./run.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line as a script would: no terminal, and `typed` on standard input. */
export async function runTyped(
  line: string,
  environment: Readonly<Record<string, string>> = {},
  typed = "",
): Promise<Ran> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(typed);
  const code = await runCommandLine(line.split(" ").filter(Boolean), {
    stdin,
    stdout,
    stderr,
    environment: { XDG_CONFIG_HOME: "/nonexistent", ...environment },
    interrupted: new AbortController().signal,
  });
  const textOf = (stream: PassThrough) => String((stream.read() as Buffer | null) ?? "");
  return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
}

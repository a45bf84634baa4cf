import { HostError } from "@edgemere/agent";
import type { Program, ProgramResult } from "@edgemere/agent";
import { SECOND } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";

/** What a fake program is given. */
export interface FakeRun {
  readonly arguments: readonly string[];
  readonly stdin: Uint8Array;
  readonly write: (channel: "stdout" | "stderr", text: string) => void;
  readonly clock: Clock;
  /** Aborts when the program is to end. */
  readonly signal: AbortSignal;
}

/** A program of a fake host; gives its exit code. */
export type FakeProgram = (run: FakeRun) => Promise<number>;

/** The programs that every fake host has. */
export const standardPrograms: Readonly<Record<string, FakeProgram>> = {
  true: async () => 0,
  false: async () => 1,
  echo: async (run) => {
    run.write("stdout", `${run.arguments.join(" ")}\n`);
    return 0;
  },
  cat: async (run) => {
    run.write("stdout", new TextDecoder().decode(run.stdin));
    return 0;
  },
  sleep: async (run) => {
    const seconds = Number(run.arguments[0]);
    if (!(seconds >= 0)) {
      run.write("stderr", `sleep: invalid time interval '${run.arguments[0] ?? ""}'\n`);
      return 1;
    }
    await run.clock.sleep(seconds * SECOND, run.signal);
    return 0;
  },
  fail: async (run) => {
    run.write("stderr", "fail: it did not work\n");
    return Number(run.arguments[0] ?? 1);
  },
};

/** Runs a fake program as a real one is run: output is capped and counted, an abort ends it. */
export async function runFake(
  programs: Readonly<Record<string, FakeProgram>>,
  program: Program,
  clock: Clock,
): Promise<ProgramResult> {
  const [name, ...rest] = program.argv;
  const found = Object.hasOwn(programs, name) ? programs[name] : undefined;
  if (found === undefined)
    throw new HostError("not-found", `the program ${name} was not found on this device: it is a simulated one`);
  const signal = program.signal ?? new AbortController().signal;
  if (signal.aborted) return { endedBySignal: "SIGTERM", outputBytes: 0, droppedBytes: 0 };

  let outputBytes = 0;
  let droppedBytes = 0;
  const exitCode = await found({
    arguments: rest,
    stdin: program.stdin ?? new Uint8Array(),
    clock,
    signal,
    write: (channel, text) => {
      const bytes = new TextEncoder().encode(text);
      const kept = bytes.subarray(0, Math.max(0, program.maxOutputBytes - outputBytes));
      outputBytes += kept.length;
      droppedBytes += bytes.length - kept.length;
      if (kept.length > 0) void program.onOutput?.(channel, kept);
    },
  });
  return { ...(signal.aborted ? { endedBySignal: "SIGTERM" } : { exitCode }), outputBytes, droppedBytes };
}

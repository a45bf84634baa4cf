import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { SECOND } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import { HostError } from "../host.ts";
import type { Program, ProgramResult } from "../host.ts";
import { CountedOutput } from "./counted-output.ts";
import type { OutputPipe } from "./output-pipe.ts";
import { killMarked, markVariable } from "./marked-processes.ts";
import { userToRunAs, type User } from "./users.ts";
import { findProgram, minimalEnvironment, mustBeDirectory } from "./programs.ts";

/** Between asking a program to end and ending it. */
const GRACE = 2 * SECOND;

type End = Pick<ProgramResult, "exitCode" | "endedBySignal">;

export type Runner = (program: Program) => Promise<ProgramResult>;

/** Runs programs, each in a process group of its own that does not outlive it. */
export function programRunner(clock: Clock): Runner {
  let wrapper: Promise<readonly string[]> | undefined;

  return async (program) => {
    if (program.signal?.aborted) return { endedBySignal: "SIGTERM", outputBytes: 0, droppedBytes: 0 };
    const folder = program.cwd ?? process.cwd();
    if (program.cwd !== undefined) await mustBeDirectory(program.cwd);
    const user = program.user === undefined ? undefined : await userToRunAs(program.user);
    const environment = {
      ...minimalEnvironment(),
      ...(user && { HOME: user.home, USER: user.name, LOGNAME: user.name }),
      ...program.env,
      ...markVariable(program.mark),
    };
    const [name, ...rest] = program.argv;
    const file = await findProgram(name, { path: environment.PATH, folder });
    wrapper ??= deathWrapper();
    const argv = [...(await wrapper), file, ...rest];
    const counted = new CountedOutput(program);
    const refused = (cause: unknown) => Promise.reject(refusal(name, cause));
    using stdout = await counted.pipe("stdout").catch(refused);
    using stderr = await counted.pipe("stderr").catch(refused);
    const output = [stdout, stderr] as const;
    const child = await start(name, argv, { folder, environment, user, output, hasInput: program.stdin !== undefined });
    const end = await follow(child, { program, clock, output });
    return { ...end, outputBytes: counted.outputBytes, droppedBytes: counted.droppedBytes };
  };
}

/**
 * `setpriv` has the kernel end a program when the agent dies, even by SIGKILL. Util-linux has it; where it is missing
 * (or is busybox's, which cannot do this) a program outlives an agent that was killed.
 */
export async function deathWrapper(): Promise<readonly string[]> {
  const environment = minimalEnvironment();
  try {
    const file = await findProgram("setpriv", { path: environment.PATH, folder: "/" });
    const wrapper = [file, "--pdeathsig", "KILL", "--"];
    const trial = await start("setpriv", [...wrapper, process.execPath, "--version"], { folder: "/", environment });
    return (await endOf(trial)).exitCode === 0 ? wrapper : [];
  } catch (error) {
    if (error instanceof HostError) return [];
    throw error;
  }
}

interface Setting {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly hasInput?: boolean;
  /** Where its two channels go; nowhere when absent. */
  readonly output?: readonly [OutputPipe, OutputPipe];
  readonly user?: User | undefined;
}

/** Resolves when the program runs. */
function start(name: string, argv: readonly string[], setting: Setting): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: unknown) => reject(refusal(name, cause));
    try {
      const [file = "", ...rest] = argv;
      const { output } = setting;
      const child = spawn(file, rest, {
        cwd: setting.folder,
        env: { ...setting.environment },
        // A session and process group of its own, so that all its children can be met at once.
        detached: true,
        // With the groups of nobody else: a change of user drops those of the agent.
        ...(setting.user && process.geteuid?.() === 0 && { uid: setting.user.uid, gid: setting.user.gid }),
        stdio: [
          setting.hasInput === true ? "pipe" : "ignore",
          output?.[0].far ?? "ignore",
          output?.[1].far ?? "ignore",
        ],
      });
      for (const pipe of output ?? []) pipe.given();
      child.once("error", refuse);
      child.once("spawn", () => resolve(child));
    } catch (error) {
      refuse(error);
    }
  });
}

function refusal(name: string, cause: unknown): HostError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (code === "ENOENT") return new HostError("not-found", `the program ${name} cannot start: ${message}`, { cause });
  if (code === "EACCES" || code === "EPERM")
    return new HostError("not-allowed", `the program ${name} may not be executed: ${message}`, { cause });
  return new HostError("failed", `the program ${name} cannot start: ${message}`, { cause });
}

interface Followed {
  readonly program: Program;
  readonly clock: Clock;
  readonly output: readonly OutputPipe[];
}

async function follow(child: ChildProcess, { program, clock, output }: Followed): Promise<End> {
  const closed = new AbortController();
  void Promise.all(output.map((pipe) => pipe.closed)).then(() => closed.abort());
  // A program that does not want its input ends the pipe: that is its right.
  child.stdin?.on("error", () => {});
  child.stdin?.end(program.stdin);

  const exited = new AbortController();
  const stop = () => {
    signalGroup(child, "SIGTERM");
    void clock.sleep(GRACE, exited.signal).then(() => exited.signal.aborted || signalGroup(child, "SIGKILL"));
  };
  program.signal?.addEventListener("abort", stop, { once: true });
  if (program.signal?.aborted) stop();

  const end = await endOf(child);
  exited.abort();
  program.signal?.removeEventListener("abort", stop);
  // What it left behind in its group would run on without anybody who knows of it.
  signalGroup(child, "SIGKILL");
  // Of what left the group, a service that it started may stay when it ended by itself, and nothing when it was stopped.
  if (program.signal?.aborted && program.mark !== undefined) await killMarked([program.mark], clock);
  // A child that left the group may hold the pipes open; what it writes is not the program's output any more.
  if (!closed.signal.aborted) await clock.sleep(GRACE, closed.signal);
  return end;
}

const endOf = (child: ChildProcess): Promise<End> =>
  new Promise((resolve) => {
    const ended = (code: number | null, signal: string | null) =>
      resolve({ ...(code === null ? {} : { exitCode: code }), ...(signal === null ? {} : { endedBySignal: signal }) });
    if (child.exitCode !== null || child.signalCode !== null) ended(child.exitCode, child.signalCode);
    else child.once("exit", ended);
  });

function signalGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

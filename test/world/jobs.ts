import { readFile } from "node:fs/promises";
import { commandLife, type CommandKind } from "@edgemere/protocol";
import type { Output } from "@edgemere/control-plane/client";
import { eventually, type World } from "./world.ts";

export type Command = Output<"cpl/dm/job/find">["commands"][number];

interface Times {
  /** Seconds. */
  readonly queueTimeout?: number;
  readonly runTimeout?: number;
}

/** Asks a device for something; gives the job's id. */
export const createJob = async (
  { client }: World,
  device: string,
  kind: CommandKind,
  given: object = {},
  times: Times = {},
): Promise<string> =>
  (await client.call("cpl/dm/job/create", { device, kind, arguments: { ...given }, ...times })).job.id;

/** The one command of a job, when it has ended. */
export const endOf = (world: World, job: string): Promise<Command> =>
  eventually(async () => {
    const [command] = (await world.client.call("cpl/dm/job/find", { job })).commands;
    return command && commandLife.isFinal(command.state) && command;
  }, `the end of job ${job}`);

export const stateOf = async ({ client }: World, job: string): Promise<Command["state"] | undefined> =>
  (await client.call("cpl/dm/job/find", { job })).commands[0]?.state;

/** All that a job's command wrote; of one that runs, so far. */
export async function outputOf(
  { client }: World,
  { job, state }: { readonly job: string; readonly state?: string },
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { chunks } = await eventually(async () => {
    const output = await client.call("cpl/dm/job/output", { job });
    return (state === undefined || output.ended) && output;
  }, `the output of job ${job}`);
  const of = (channel: string) =>
    chunks
      .filter((each) => each.channel === channel)
      .map(({ text }) => text)
      .join("");
  return { stdout: of("stdout"), stderr: of("stderr") };
}

/** Waits until a device is seen as one of these. */
export const presenceOf = ({ client }: World, device: string, presences: readonly string[], patience?: number) =>
  eventually(
    async () => presences.includes((await client.call("cpl/dm/device/find", { device })).presence),
    `${device} to be ${presences.join(" or ")}`,
    patience,
  );

/** Whether a process of this machine lives. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether it lives, and is not only waited for by nobody. */
export const isThere = async (pid: number): Promise<boolean> =>
  !"XZ".includes(/\) (\S)/.exec(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""))?.[1] ?? "X");

import { setTimeout as sleep } from "node:timers/promises";
import { ProblemError, type Output, type Path } from "../src/faces/client.ts";
import { exitCodes } from "./failure.ts";
import type { Session } from "./session.ts";
import { goalOf } from "./until.ts";

/** Shows what happens until it has ended; gives the exit code. */
type Wait = (output: never, session: Session, until?: string) => Promise<number>;

const PAUSE = 500;
// Output may arrive a little after the news that the command has ended.
const LATE_OUTPUT = 5_000;
/** Devices of a rollout that are named. */
const SOME = 5;

/** Of these `--until` says how far they are waited for. */
export const waitsUntil: readonly Path[] = ["cpl/dm/job/apply"];

/** Writes that start something, and how to wait for its end. */
export const waits: Partial<Record<Path, Wait>> = {
  "cpl/dm/job/create": async ({ job }: Output<"cpl/dm/job/create">, session) =>
    jobExitCodes[await waitForJob(job.id, session)],
  // Whatever ended before it could be cancelled shows how it ended.
  "cpl/dm/job/cancel": async ({ job }: Output<"cpl/dm/job/cancel">, session) => {
    const state = await waitForJob(job.id, session);
    return state === "cancelled" ? exitCodes.done : jobExitCodes[state];
  },
  "cpl/dm/job/apply": async ({ id }: Output<"cpl/dm/job/apply">, session, until) => {
    const reached = await rolloutEnd(id, session, until);
    return reached === "reached" ? exitCodes.done : rolloutExitCodes[reached];
  },
  "cpl/dm/rollout/cancel": async ({ id }: Output<"cpl/dm/rollout/cancel">, session) => {
    await rolloutEnd(id, session);
    return exitCodes.done;
  },
  "cpl/dm/rollout/rollback": async ({ id }: Output<"cpl/dm/rollout/rollback">, session) =>
    (await rolloutEnd(id, session)) === "rolledback" ? exitCodes.done : exitCodes.failed,
  "ops/backup/create": ({ id }: Output<"ops/backup/create">, session) => waitForBackup(id, session),
  "diml/find": ({ id }: Output<"diml/find">, session) => waitForRequest(id, session),
  "diml/dml/do/datainstance/create": ({ request }: Output<"diml/dml/do/datainstance/create">, session) =>
    waitForRequest(request, session),
};

type JobEnd = keyof typeof jobExitCodes;

/** Shows what a job does and writes until it has ended. */
async function waitForJob(job: string, session: Session): Promise<JobEnd> {
  const { client, output } = session;
  const tell = onlyNews(session);
  const follow = outputFollower(job, session);
  const nameOf = deviceNames(session);
  for (let isFirst = true; ; isFirst = false) {
    const detail = await client.call("cpl/dm/job/find", { job });
    tell(`job ${job}: ${detail.job.state}`);
    for (const { device, state, reason, detail: why } of detail.commands) {
      tell([`  ${await nameOf(device)}: ${state}`, reason, why].filter(Boolean).join(": "));
      // Most begin at once, and there is nothing to say.
      if (state === "queued" && detail.job.state === "running" && !isFirst)
        tell(`  it waits: ${(await client.call("cpl/dm/job/explain", { device, job })).text}`);
    }
    await follow();
    const { state } = detail.job;
    if (state === "awaitingapproval") tell(`  somebody else has to say yes first: edgemere job approve ${job}`);
    else if (state !== "running") {
      await followToEnd(follow, session);
      if (output.format !== "table") output.show("cpl/dm/job/find", detail);
      else
        for (const { result, outputBytes } of detail.commands)
          // What writes says by that what there is to say.
          if (result !== undefined && outputBytes === 0) output.show("cpl/dm/job/find", result);
      if (detail.job.kind === "file.get")
        for (const { id, state: end } of detail.commands)
          if (end === "succeeded") tell(`  it is here: edgemere get ${id}`);
      return state;
    }
    await pause(session);
  }
}

const jobExitCodes = {
  succeeded: exitCodes.done,
  partial: exitCodes.partly,
  failed: exitCodes.failed,
  cancelled: exitCodes.failed,
  refused: exitCodes.failed,
  expired: exitCodes.failed,
} as const;

/** One that was undone has not done what was asked, however well it was undone. */
const rolloutExitCodes = { ...jobExitCodes, rolledback: exitCodes.failed, rollbackfailed: exitCodes.failed } as const;
type RolloutEnd = "succeeded" | "partial" | "failed" | "cancelled" | "rolledback" | "rollbackfailed";

/** Shows how far the waves of a rollout are until it has ended, or is as far as it is waited for. */
async function rolloutEnd(rollout: string, session: Session): Promise<RolloutEnd>;
async function rolloutEnd(rollout: string, session: Session, until?: string): Promise<RolloutEnd | "reached">;
async function rolloutEnd(rollout: string, session: Session, until?: string): Promise<RolloutEnd | "reached"> {
  const { client, output } = session;
  const tell = onlyNews(session);
  const isReached = until === undefined ? undefined : goalOf(until, performance.now());
  for (;;) {
    const found = await client.call("cpl/dm/rollout/find", { rollout });
    const { state, pausedBy, stop, waves, undoneBy } = found;
    tell([`rollout ${rollout}: ${state}`, pausedBy, stop?.reason, stop?.detail].filter(Boolean).join(": "));
    for (const [place, { targets, succeeded, failed, skipped }] of waves.entries())
      tell(`  wave ${place + 1}: ${succeeded} of ${targets} succeeded, ${failed} failed, ${skipped} left out`);
    if (state === "approving") tell(`  somebody else has to say yes first: edgemere rollout approve ${rollout}`);
    if (undoneBy !== undefined) tell(`  the rollout ${undoneBy.rollout} undoes it`);
    if (isRolloutEnd(state)) {
      if (output.format !== "table") output.show("cpl/dm/rollout/find", found);
      else if (waves.some(({ failed }) => failed > 0))
        output.show("cpl/dm/rollout/targets", await targetsOf(rollout, "failed", session));
      return state;
    }
    // Where some are under way there is enough to see.
    if (state === "running" && waves.every(({ active }) => active === 0))
      for (const { name, text } of (await targetsOf(rollout, "waiting", session)).items)
        tell(`  ${name} waits: ${text}`);
    if (isReached?.(found, performance.now()) === true) {
      if (output.format !== "table") output.show("cpl/dm/rollout/find", found);
      return "reached";
    }
    await pause(session);
  }
}

/** Some of its devices that are so. */
const targetsOf = (rollout: string, state: "failed" | "waiting", { client }: Session) =>
  client.call("cpl/dm/rollout/targets", { rollout, state, limit: SOME });

const isRolloutEnd = (state: string): state is RolloutEnd => Object.hasOwn(rolloutExitCodes, state);

/** Shows what a job's command wrote so far, as it wrote it. */
export async function showJobOutput({ job }: { readonly job: string }, session: Session): Promise<number> {
  const follow = outputFollower(job, session);
  while ((await follow()) === "more");
  return exitCodes.done;
}

/** Each call shows what came since the last one. For programs the output goes to stderr, so that stdout stays JSON. */
function outputFollower(job: string, { client, output }: Session) {
  let from = 0;
  let isCutTold = false;
  return async (): Promise<"more" | "nothing" | "ended"> => {
    const { chunks, next, dropped, ended } = await client.call("cpl/dm/job/output", { job, from });
    for (const { text, channel } of chunks) output.raw(text, output.format === "table" ? channel : "stderr");
    const moved = next > from;
    from = next;
    if (ended && dropped > 0 && !isCutTold) {
      isCutTold = true;
      output.raw(`[cut here: ${dropped} bytes more were written than are kept]\n`, "stderr");
    }
    if (moved) return "more";
    return ended ? "ended" : "nothing";
  };
}

async function followToEnd(follow: ReturnType<typeof outputFollower>, session: Session): Promise<void> {
  for (let waited = 0; waited < LATE_OUTPUT;) {
    const found = await follow();
    if (found === "ended") return;
    if (found === "more") continue;
    await pause(session);
    waited += PAUSE;
  }
}

async function waitForRequest(id: string, session: Session): Promise<number> {
  const { client, output } = session;
  const tell = onlyNews(session);
  for (;;) {
    const request = await client.call("diml/dml/do/datarequest/find", { id });
    tell([`data request ${id}: ${request.state}`, request.reason].filter(Boolean).join(": "));
    if (["satisfied", "completed", "failed"].includes(request.state)) {
      output.show("diml/dml/do/datarequest/find", request);
      return request.state === "failed" ? exitCodes.failed : exitCodes.done;
    }
    await pause(session);
  }
}

async function waitForBackup(id: string, session: Session): Promise<number> {
  const { client, output } = session;
  const tell = onlyNews(session);
  for (;;) {
    const found = await client.call("ops/backup/find", { backup: id });
    const { state, entries, reason } = found.backup;
    tell([`backup ${id}: ${state}`, entries > 0 ? `${entries} entries` : "", reason].filter(Boolean).join(", "));
    if (state !== "making") {
      output.show("ops/backup/find", found);
      return state === "failed" ? exitCodes.failed : exitCodes.done;
    }
    await pause(session);
  }
}

async function pause({ signal }: Session): Promise<void> {
  await sleep(PAUSE, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** What devices are called, each asked for once. Who may not see a device is told its id. */
function deviceNames({ client }: Session): (id: string) => Promise<string> {
  const names = new Map<string, Promise<string>>();
  const look = async (id: string) => {
    try {
      return (await client.call("cpl/dm/device/find", { device: id })).name;
    } catch (error) {
      if (error instanceof ProblemError && ["forbidden", "not-found"].includes(error.kind)) return id;
      throw error;
    }
  };
  return (id) => {
    const known = names.get(id) ?? look(id);
    names.set(id, known);
    return known;
  };
}

/** Tells each line once, when it is news. */
function onlyNews({ say }: Session): (line: string) => void {
  const told = new Set<string>();
  return (line) => {
    if (told.has(line)) return;
    told.add(line);
    say(line);
  };
}

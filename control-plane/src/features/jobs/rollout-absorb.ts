import { moved, put, removed, updated, type Change } from "../../platform/change.ts";
import {
  isEnded,
  command,
  rollout,
  rolloutTarget,
  type Command,
  type Rollout,
  type RolloutTarget,
} from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { mayRunTwice } from "./lease.ts";
import { afterFailure, causeOf, retryAt } from "./rollout-retry.ts";
import { recounted } from "./rollout-tally.ts";
import { joiningUndo } from "./rollout-undo.ts";
import { conducts, endedParts, targetId, type EndedPart } from "./tables.ts";

/** How many ends one commit takes note of. */
const AT_ONCE = 200;

/** Takes note of jobs that ended: done, tried again, or failed for good. Gives how many there were. */
export async function absorbEnds(row: Rollout, context: JobsContext): Promise<number> {
  const { store } = context;
  const { items } = await store.list(endedParts, { index: "rollout", prefix: [row.id], limit: AT_ONCE });
  if (items.length === 0) return 0;
  let after = row;
  const changes: Change[] = items.map(({ id }) => removed(endedParts, id));
  const over: RolloutTarget[] = [];
  // Read at once: each of them waits for the store alone.
  for (const found of await Promise.all(items.map((part) => endOf(part, context)))) {
    if (found === undefined) continue;
    const taken = await take(after, found, context);
    after = taken.after;
    changes.push(...taken.changes);
    if (taken.over !== undefined) over.push({ ...found.target, state: taken.over });
  }
  const undoing = row.undoneBy && (await store.get(rollout, row.undoneBy.rollout));
  if (undoing !== undefined && !isEnded(undoing.state))
    changes.push(...(await joiningUndo(row, undoing, over, context)));
  const { waves, failures } = after;
  await store.commit(...changes, updated(rollout, row, { waves, failures }));
  return items.length;
}

interface End {
  readonly target: RolloutTarget;
  readonly command: Command;
}

async function endOf(part: EndedPart, { store }: JobsContext): Promise<End | undefined> {
  const row = await store.get(command, part.command);
  const target = row && (await store.get(rolloutTarget, targetId(part.rollout, row.device)));
  // A target that has gone on to another job has nothing to do with this one.
  if (row === undefined || target?.job !== part.id || target.state !== "active") return undefined;
  return { target, command: row };
}

async function take(row: Rollout, { target, command: { state, reason, detail, kind } }: End, context: JobsContext) {
  const now = context.clock.now();
  const counted = (to: RolloutTarget["state"]) => recounted(row.waves, target.wave, "active", to);
  if (state === "succeeded") {
    const change = moved(rolloutTarget, target, "succeed", { reason: "", detail: "", endedAt: now });
    return { after: { ...row, waves: counted("succeeded") }, changes: [change], over: "succeeded" as const };
  }
  const cause = causeOf({ state, reason, isWindowed: (row.spec.windows ?? []).length > 0 });
  const tries = { ...target.tries, [cause]: (target.tries[cause] ?? 0) + 1 };
  const said = { tries, detail: [cause, reason, detail].filter(Boolean).join(": ") };
  const punished = cause === "device" ? [await remembered(target.device, now, context)] : [];
  // What may have been done is not done again where twice is not once, unless somebody asked for that.
  const mayHaveRun = ["lost", "interrupted", "timedout"].includes(state) && !mayRunTwice(kind);
  const isAsked = row.spec.retries !== undefined && Object.hasOwn(row.spec.retries, cause);
  const { retries } = row.spec;
  const again = mayHaveRun && !isAsked ? undefined : retryAt(cause, tries[cause] ?? 1, { retries, now });
  if (again !== undefined && row.stop === undefined) {
    const change = moved(rolloutTarget, target, "retry", { ...said, reason: "retry-pause", notBefore: again });
    return { after: { ...row, waves: counted("waiting") }, changes: [change, ...punished], over: undefined };
  }
  const isCancelled = cause === "cancelled";
  const change = moved(rolloutTarget, target, isCancelled ? "cancel" : "fail", {
    ...said,
    reason: cause,
    endedAt: now,
  });
  const failures = isCancelled ? row.failures : { ...row.failures, [cause]: (row.failures[cause] ?? 0) + 1 };
  const after = { ...row, failures, waves: counted(isCancelled ? "cancelled" : "failed") };
  return { after, changes: [change, ...punished], over: isCancelled ? ("cancelled" as const) : ("failed" as const) };
}

/** One more failure of a device's own doing. */
async function remembered(device: string, now: number, { store }: JobsContext): Promise<Change> {
  const before = (await store.get(conducts, device)) ?? { failedAt: [], boxedUntil: 0 };
  return put(conducts, { id: device, ...afterFailure(before, now) });
}

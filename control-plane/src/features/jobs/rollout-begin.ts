import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { created, moved, updated, type Change } from "../../platform/change.ts";
import { device, type Device } from "../devices/contract.ts";
import { command, job, rollout, rolloutTarget, type Rollout, type RolloutTarget } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { numberedCommand } from "./creating.ts";
import { countDangerous } from "./dangerous-caps.ts";
import { runTimeoutOf } from "./kinds.ts";
import { blockOf, isHopeless, isOfAll, type Facts, type Look } from "./rollout-blocks.ts";
import { surveyOf, type Survey } from "./rollout-facts.ts";
import { openOf, QUEUE_TIMEOUT, type Step } from "./rollout-gate.ts";
import { paceAt } from "./rollout-pace.ts";
import { recounted } from "./rollout-tally.ts";
import { offer } from "./offers.ts";
import { sealedFor } from "./secrets.ts";

/** Devices that are looked at in one step, and that begin in one commit. */
const LOOKED_AT = 200;
const BEGINNING = 100;
const AT_ONCE = 50;
/** Within so long a device that is there takes a command, or it is tried again. */
const TAKEN_WITHIN = 10 * MINUTE;
/** Between two looks at what blocks, where nobody knows until when it does. */
const SOONEST = 10 * SECOND;
const LATEST = 5 * MINUTE;

/** What came of a look: there may be more to do at once, or not before an instant; undefined where nobody knows. */
export type Looked = "more" | { readonly until: number | undefined };

/** Lets devices of the waves that began begin, as many as may now. */
export async function beginTargets(row: Rollout, step: Step, context: JobsContext): Promise<Looked> {
  const { store, clock } = context;
  const now = clock.now();
  const survey = await surveyOf(row, step, context);
  let { waves } = row;
  const changes: Change[] = [];
  const starting: ReturnType<typeof started>[] = [];
  let looked = 0;
  let blocked: Look | undefined;
  for await (const { target, row: found, look } of candidates(row, survey, context)) {
    if (starting.length >= BEGINNING || looked >= LOOKED_AT) break;
    looked++;
    const facts = look();
    const block = blockOf(facts);
    if (block === undefined) {
      starting.push(started(row, target, found, { ...facts, secrets: survey.secrets }, context));
      await survey.begins(target);
      waves = recounted(waves, target.wave, target.state, "active");
      continue;
    }
    if (isHopeless(block.reason) || now >= lastMoment(row, target)) {
      changes.push(moved(rolloutTarget, target, "skip", { reason: block.reason, endedAt: now }));
      waves = recounted(waves, target.wave, target.state, "skipped");
      continue;
    }
    if (isOfAll(block.reason)) {
      blocked = block;
      break;
    }
    changes.push(waiting(target, block, Math.min(lastMoment(row, target), row.endsAt), now));
    waves = recounted(waves, target.wave, target.state, "waiting");
  }
  const begun = await Promise.all(starting);
  changes.push(...begun.flatMap((each) => each.changes));
  if (changes.length === 0) return { until: blocked === undefined ? await earliest(row, context) : blocked.until };
  const counted = await countDangerous({ actor: row.author, kind: row.kind, count: begun.length }, context);
  const pace = spent(row, now, begun.length);
  await store.commit(...changes, ...(begun.length > 0 ? counted : []), updated(rollout, row, { waves, pace }));
  await Promise.all(begun.map((each) => send(each.command, context)));
  return blocked === undefined ? "more" : { until: blocked.until };
}

/** When the first of the devices that wait may be looked at again. */
async function earliest(row: Rollout, { store }: JobsContext): Promise<number | undefined> {
  const instants: number[] = [];
  for (const wave of row.waves.slice(0, row.opened).keys()) {
    const first = await store.list(rolloutTarget, { index: "ready", prefix: [row.id, wave], limit: 1 });
    instants.push(...first.items.map(({ notBefore }) => notBefore));
  }
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/** Devices that may be looked at now, of the waves that began, the earliest first. Some at a time are looked up at once: alone each would wait for the store. */
async function* candidates(row: Rollout, survey: Survey, { store, clock }: JobsContext) {
  for (const [wave, progress] of row.waves.slice(0, row.opened).entries()) {
    if (openOf(progress) === progress.active) continue;
    let cursor: string | undefined;
    do {
      const ready = { index: "ready", prefix: [row.id, wave], limit: AT_ONCE, isReadAhead: true, cursor };
      const { items, next } = await store.list(rolloutTarget, ready);
      const due = items.filter(({ notBefore }) => notBefore <= clock.now());
      const looking = due.map(async (target) => {
        const found = await store.get(device, target.device);
        return found && { target, row: found, look: await survey.look(target, found) };
      });
      for (const each of await Promise.all(looking)) if (each !== undefined) yield each;
      cursor = due.length < items.length ? undefined : next;
    } while (cursor !== undefined);
  }
}

/** After this a device that has not begun is left out. */
const lastMoment = ({ waves, spec }: Rollout, { wave, createdAt }: RolloutTarget): number =>
  Math.max(waves[wave]?.openedAt ?? Infinity, createdAt) + (spec.queueTimeout ?? QUEUE_TIMEOUT) * SECOND;

/** Looked at again when it may have changed; where nobody knows, later and later. */
function waiting(target: RolloutTarget, { reason, until }: Look, latest: number, now: number): Change {
  const isSame = target.state === "waiting" && target.reason === reason;
  const waitingSince = isSame ? (target.waitingSince ?? now) : now;
  const soon = now + Math.min(Math.max(now - waitingSince, SOONEST), LATEST);
  return moved(rolloutTarget, target, "wait", {
    reason,
    waitingSince,
    notBefore: Math.max(now + 1, Math.min(until ?? soon, latest)),
  });
}

async function started(
  row: Rollout,
  target: RolloutTarget,
  found: Device,
  { now, window, secrets }: Facts & Pick<Survey, "secrets">,
  context: JobsContext,
) {
  const { newId } = context;
  const ids = { job: newId(), command: newId() };
  const closesAt = typeof window === "object" && window.isOpen ? window.closesAt : Infinity;
  const draft = {
    kind: row.kind,
    arguments: row.arguments,
    author: row.author,
    ...(row.account !== undefined && { account: row.account }),
    expiresAt: Math.min(now + TAKEN_WITHIN, closesAt, row.endsAt),
    runTimeout: (row.spec.runTimeout ?? runTimeoutOf(row.kind)) * SECOND,
    devices: [found.id],
    rollout: row.id,
  };
  const sealed = secrets && {
    sealed: { command: ids.command, box: sealedFor(found, secrets, ids.command, context) },
  };
  const approvals = row.decision?.isApproved === true ? [row.decision.by] : [];
  const commanding = await numberedCommand(
    ids.command,
    { ...draft, ...sealed, id: ids.job },
    found,
    approvals,
    context,
  );
  const beginning = { job: ids.job, beganAt: now, reason: "" };
  const change = moved(rolloutTarget, target, "begin", beginning);
  return { command: ids.command, changes: [change, created(job, ids.job, draft, "running"), ...commanding] };
}

function spent({ spec, pace, waves }: Rollout, now: number, begun: number): Rollout["pace"] {
  const succeeded = waves.reduce((sum, each) => sum + each.succeeded, 0);
  const { at, allowance } = paceAt(spec.rate, pace, { now, succeeded });
  return { at, allowance: Math.max(0, allowance - begun) };
}

async function send(id: string, context: JobsContext): Promise<void> {
  const row = await context.store.get(command, id);
  if (row !== undefined) await offer(row, context);
}

import { SECOND } from "@edgemere/protocol/kit";
import type { Rollout, WaveProgress } from "./rollout-life-contract.ts";
import type { CanarySpec, WaveSpec } from "./rollout-spec-contract.ts";
import { wavesOf } from "./rollout-waves.ts";

/** What of a rollout decides how it goes on. */
export type Progress = Pick<
  Rollout,
  "state" | "mode" | "spec" | "waves" | "opened" | "failures" | "createdAt" | "endsAt" | "stop" | "undoes"
>;

/** What to do with a rollout next. */
export type Step =
  /** Devices of the waves that began may begin; nothing else is due before `until`, where that is known. */
  | { readonly do: "go on"; readonly why: "wave" | "soaking" | "holding"; readonly until?: number }
  /** Enough of the newest wave have succeeded: from now on it is watched. */
  | { readonly do: "pass" }
  /** The newest wave is to be compared with untouched devices. */
  | { readonly do: "compare" }
  | { readonly do: "open" }
  | { readonly do: "pause"; readonly reason: "paused-by-threshold" | "paused-by-canary" }
  | {
      readonly do: "stop";
      readonly reason: "not-approved" | "abort-rule" | "canary" | "total-timeout";
      readonly detail: string;
    }
  | { readonly do: "end"; readonly signal: "succeed" | "partly" | "fail" | "cancel" }
  /** What had begun is to be undone by another rollout. */
  | { readonly do: "undo" }
  | { readonly do: "nothing" };

/** Seconds after its wave began in which a device must begin, and in which a second person must say yes. */
export const QUEUE_TIMEOUT = 604_800;
const SUCCESS = 90;
const PATIENCE = 86_400;
const SPAN = 1_800;
/** Between two looks at a comparison that is not clear. */
const BETWEEN_LOOKS = 5 * 60 * SECOND;
const nothing: Step = { do: "nothing" };
/** Reasons to stop after which what had begun is undone, where it is told how. */
const undoing: readonly string[] = ["abort-rule", "canary", "rolled-back"];

/** Devices of a wave of which the end is open. */
export const openOf = ({ targets, succeeded, failed, skipped, cancelled }: WaveProgress): number =>
  targets - succeeded - failed - skipped - cancelled;

/** The next step of a rollout: a function of what is written and of the time, and of nothing else. */
export function nextStep(row: Progress, now: number): Step {
  if (row.state === "stopped") return afterStop(row);
  if (row.state !== "running" && row.state !== "paused" && row.state !== "approving" && row.state !== "planned")
    return nothing;
  if (now >= row.endsAt) return { do: "stop", reason: "total-timeout", detail: "the time for the whole was over" };
  const { queueTimeout = QUEUE_TIMEOUT } = row.spec;
  if (row.state === "approving" && now >= row.createdAt + queueTimeout * SECOND)
    return { do: "stop", reason: "not-approved", detail: "nobody approved it within the time of its queue" };
  if (row.state === "planned" || row.state === "approving") return nothing;
  const broken = brokenRule(row);
  if (broken !== undefined) return { do: "stop", reason: "abort-rule", detail: broken };
  if (row.state === "paused") return nothing;
  const newest = row.waves[row.opened - 1];
  if (newest === undefined) return row.opened < row.waves.length ? { do: "open" } : atTheEnd(row);
  return newest.passedAt === undefined ? beforePass(row, newest) : afterPass(row, newest, newest.passedAt, now);
}

/** Nobody waits for what still runs before the others are undone: whoever ends later is undone then. */
function afterStop(row: Progress): Step {
  const { stop, spec, opened, waves } = row;
  const isUndone = spec.rollback !== undefined && opened > 0 && stop !== undefined && undoing.includes(stop.reason);
  if (isUndone) return stop.isCarriedOut ? { do: "undo" } : nothing;
  return sum(waves, openOf) === 0 ? { do: "end", signal: outcomeOf(row) } : nothing;
}

function beforePass(row: Progress, newest: WaveProgress): Step {
  const { success = SUCCESS } = specOf(row);
  const open = openOf(newest);
  const counted = newest.targets - newest.cancelled;
  const needed = (success / 100) * (counted - newest.skipped);
  if (newest.isWaived === true || (newest.succeeded >= (success / 100) * counted && counted > 0)) return { do: "pass" };
  if (open === 0 && row.opened >= row.waves.length) return atTheEnd(row);
  // Those that could not begin count for nothing when all the others have ended.
  if (open === 0 && newest.succeeded >= needed) return { do: "pass" };
  const best = newest.succeeded + open;
  if (best < (success / 100) * (best + newest.failed)) return { do: "pause", reason: "paused-by-threshold" };
  return { do: "go on", why: "wave" };
}

function afterPass(row: Progress, newest: WaveProgress, passedAt: number, now: number): Step {
  if (row.opened >= row.waves.length) return atTheEnd(row);
  if (newest.targets === 0) return { do: "open" };
  const { soak = 0 } = specOf(row);
  const until = passedAt + soak * SECOND;
  if (now < until) return { do: "go on", why: "soaking", until };
  const { canary } = row.spec;
  if (canary === undefined || newest.isWaived === true) return { do: "open" };
  const { span = SPAN, patience = PATIENCE } = canary;
  const measuredAt = passedAt + span * SECOND;
  if (now < measuredAt) return { do: "go on", why: "soaking", until: measuredAt };
  const said = newest.canary;
  if (said === undefined) return { do: "compare" };
  if (said.verdict === "continue") return { do: "open" };
  if (said.verdict === "rollback")
    return {
      do: "stop",
      reason: "canary",
      detail: `${worseOf(canary, said)} became worse on devices that were changed`,
    };
  if (now >= measuredAt + patience * SECOND) return { do: "pause", reason: "paused-by-canary" };
  // Each look may be wrong by chance, and costs confidence: so the next one comes later and later.
  const until2 = said.at + BETWEEN_LOOKS * 2 ** Math.min(said.look - 1, 6);
  return now < until2 ? { do: "go on", why: "holding", until: until2 } : { do: "compare" };
}

/** What harmed, in words. */
function worseOf({ metric, tolerated = 0 }: CanarySpec, { comparisons }: NonNullable<WaveProgress["canary"]>): string {
  const found = comparisons.filter(({ low }) => low > tolerated).map(({ measure }) => measure);
  const words = [...new Set(found)].map((measure) => (measure === "alerts" ? measure : (metric ?? measure)));
  return words.length > 0 ? words.join(" and ") : (metric ?? "alerts");
}

/** All waves have begun. A continuous one waits for whoever comes, and one that undoes another for whoever that tells of. */
function atTheEnd(row: Progress): Step {
  const isGrowing = row.mode === "continuous" || row.undoes?.isComplete === false;
  if (isGrowing || sum(row.waves, openOf) > 0) return { do: "go on", why: "wave" };
  return { do: "end", signal: outcomeOf(row) };
}

/** Partial success is not success: one device that failed or could not begin makes it partial. */
export function outcomeOf({ waves, stop }: Pick<Progress, "waves" | "stop">): "succeed" | "partly" | "fail" | "cancel" {
  if (stop !== undefined && ["cancelled", "refused", "not-approved"].includes(stop.reason)) return "cancel";
  const [succeeded, targets] = [sum(waves, (each) => each.succeeded), sum(waves, (each) => each.targets)];
  if (succeeded === targets) return "succeed";
  return succeeded > 0 ? "partly" : "fail";
}

/** The first rule for stopping that is met, in words. */
function brokenRule({ spec: { abort = [] }, failures, waves }: Progress): string | undefined {
  const ended = sum(waves, ({ succeeded, failed }) => succeeded + failed);
  for (const { cause, percent, least } of abort) {
    const failed = cause === undefined ? sum(waves, (each) => each.failed) : (failures[cause] ?? 0);
    if (ended >= least && failed > 0 && failed * 100 >= percent * ended)
      return `${failed} of ${ended} devices failed${cause === undefined ? "" : ` (${cause})`}: ${percent} % after ${least} is the limit`;
  }
  return undefined;
}

const specOf = ({ spec, opened }: Progress): WaveSpec => wavesOf(spec)[opened - 1] ?? {};
const sum = (waves: readonly WaveProgress[], of: (wave: WaveProgress) => number) =>
  waves.reduce((total, wave) => total + of(wave), 0);

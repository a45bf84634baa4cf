import type { Change } from "../../platform/change.ts";
import { dated } from "../../platform/dating.ts";
import type { Received } from "../../platform/feature.ts";
import type { PoliciesContext } from "./context.ts";
import { evaluated, missingOf } from "./evaluating.ts";
import type { Known } from "./watch.ts";
import type { WatchedPolicy } from "./watched-policy.ts";

/**
 * Looks at samples when they come, and at the policies that look at them: what becomes of alerts lands in one commit with the samples. What
 * is late is taken in, and is too old to say what is the case now.
 */
export async function receiveTelemetry(received: Received, context: PoliciesContext): Promise<readonly Change[]> {
  const { watch } = context;
  const { metrics, groups } = await watch.policies(context);
  if (metrics.size === 0) return [];
  const known = await watch.known(received.device, context);
  if (known === undefined) return [];
  const touched = taken(known, received);
  if (touched.size === 0) return [];
  const concerned = known.policies.filter(({ condition }) => isAnyIn(touched, condition.metrics));
  putOff(known, context);
  // Groups are looked at a moment later, all that changed together: what they come to be is told once.
  watch.asked.add([], groups.take(known, context.clock.now(), touched));
  return evaluated(known, concerned, context);
}

function isAnyIn(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const each of others) if (some.has(each)) return true;
  return false;
}

/** When a device will have been silent for too long, for the first of its policies that says so. */
export function putOff({ row, policies, observations }: Known, context: PoliciesContext): void {
  const now = context.clock.now();
  const dueOf = (each: WatchedPolicy) =>
    missingOf(each, () => observations.newestAt(each.condition.metrics), context) ?? Infinity;
  const due = Math.min(...policies.map(dueOf).filter((each) => each > now));
  if (due < Infinity) context.watch.silence.set(row.id, due);
}

/** The metrics of which there was something. A record that comes again is taken once. */
function taken(known: Known, { records, samples, clocks, receivedAt }: Received): ReadonlySet<string> {
  const touched = new Set<string>();
  for (const { sequence, clockPeriod } of records) {
    const sampled = samples.get(sequence);
    if (sampled === undefined) continue;
    const { baseMs, offsetMs, series } = sampled;
    if (sequence <= known.looked) {
      // Its commit failed, and it was not decided about.
      for (const { metric } of series) touched.add(metric);
      continue;
    }
    known.looked = sequence;
    const [dating] = dated([{ atMs: baseMs, clockPeriod }], { clocks, receivedAt });
    if (dating === undefined) continue;
    const instants = offsetMs.map((each) => baseMs + dating.offset + each);
    const given = series.map(({ metric, instance, holdMs = 0, values }) => ({
      metric,
      instance,
      hold: holdMs,
      values,
    }));
    for (const each of known.observations.take(instants, given, receivedAt)) touched.add(each);
  }
  return touched;
}

import { lookedAt, Observations, type Reading, type Standing } from "@edgemere/protocol/policy";
import { count, noEvents, spansOf } from "./counted-events.ts";
import type { Happened } from "./event-history.ts";
import type { WatchedPolicy } from "./watched-policy.ts";

/** Stored samples of one series, ascending. */
export interface StoredSamples {
  readonly metric: string;
  readonly instance: string;
  readonly at: readonly number[];
  readonly value: readonly (number | null)[];
}

/** A time in which an alert fired, or lacked its data. */
export interface Episode {
  readonly state: "firing" | "nodata";
  readonly from: number;
  readonly to?: number;
}

export interface Past {
  readonly view: Reading["view"];
  /** From before the range as far as windows and freshness look back. */
  readonly samples: readonly StoredSamples[];
  /** Events that its condition counts, ascending, from as long before the range as it counts back. */
  readonly happened?: readonly Happened[];
  readonly from: number;
  readonly to: number;
}

/** What would have become of a policy's alert on a device: the same evaluation and the same decisions, in the order in which samples were made and events happened. */
export function replayed(policy: WatchedPolicy, { view, samples, happened = [], from, to }: Past): readonly Episode[] {
  const observations = new Observations(policy.condition.metrics, policy.condition.windows);
  const spans = spansOf([policy.condition]);
  const events = noEvents(spans);
  const episodes: Episode[] = [];
  let standing: Standing | undefined;

  const look = (now: number) => {
    const before = standing?.state;
    ({ standing } = lookedAt(policy, standing, { view, observations, events }, { now, missingAt: missingAt() }));
    if (standing?.state !== before) note(episodes, before, standing?.state, now);
  };
  const missingAt = () =>
    policy.noData === undefined
      ? undefined
      : Math.max(from, observations.newestAt(policy.condition.metrics)) + policy.noData;
  /** What time alone changes before then. */
  const passUntil = (instant: number) => {
    for (let at = dueOf(standing, missingAt()); at < instant; at = dueOf(standing, missingAt(), at)) look(at);
  };

  let isBegun = false;
  for (const [at, { rows, counted }] of inOrder(samples, happened)) {
    if (at > to) break;
    if (at >= from && !isBegun) look(from);
    if (at >= from) passUntil(at);
    isBegun ||= at >= from;
    observations.take([at], rows, at);
    for (const each of counted) count(events, spans, each);
    if (at >= from) look(at);
  }
  if (!isBegun) look(from);
  passUntil(to);
  return episodes;
}

/** When something is due after an instant at which it was looked at. */
function dueOf(standing: Standing | undefined, missingAt: number | undefined, after = -Infinity): number {
  const missing = standing?.state === "nodata" ? undefined : missingAt;
  const due = standing?.state === "resolved" ? undefined : standing?.dueAt;
  return Math.min(...[missing, due].map((each) => (each !== undefined && each > after ? each : Infinity)));
}

/** One that recovers has not ended. */
export function note(
  episodes: Episode[],
  before: Standing["state"] | undefined,
  after: Standing["state"] | undefined,
  now: number,
): void {
  const told = (state: Standing["state"] | undefined): Episode["state"] | undefined =>
    state === "firing" || state === "recovering" ? "firing" : state === "nodata" ? state : undefined;
  const [was, is] = [told(before), told(after)];
  if (was === is) return;
  const last = episodes.at(-1);
  if (was !== undefined && last !== undefined) episodes[episodes.length - 1] = { ...last, to: now };
  if (is !== undefined) episodes.push({ state: is, from: now });
}

interface AtOnce {
  readonly rows: { metric: string; instance: string; hold: number; values: number[] }[];
  readonly counted: Happened[];
}

/** All samples and events, instant by instant. */
export function inOrder(samples: readonly StoredSamples[], happened: readonly Happened[] = []) {
  const all = new Map<number, AtOnce>();
  const at = (instant: number): AtOnce => {
    const known = all.get(instant) ?? { rows: [], counted: [] };
    all.set(instant, known);
    return known;
  };
  for (const { metric, instance, at: instants, value } of samples)
    for (const [row, instant] of instants.entries())
      at(instant).rows.push({ metric, instance, hold: 0, values: [value[row] ?? NaN] });
  for (const each of happened) at(each.at).counted.push(each);
  return [...all].toSorted(([one], [other]) => one - other);
}

import { lookedAt, Observations, type Reading, type Standing } from "@edgemere/protocol/policy";
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

interface Past {
  readonly view: Reading["view"];
  /** From before the range as far as windows and freshness look back. */
  readonly samples: readonly StoredSamples[];
  readonly from: number;
  readonly to: number;
}

/** What would have become of a policy's alert on a device: the same evaluation and the same decisions, in the order in which the samples were made. */
export function replayed(policy: WatchedPolicy, { view, samples, from, to }: Past): readonly Episode[] {
  const observations = new Observations(policy.condition.metrics, policy.condition.windows);
  const events = new Map<string, Map<number, number>>();
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
  for (const [at, rows] of inOrder(samples)) {
    if (at > to) break;
    if (at >= from && !isBegun) look(from);
    if (at >= from) passUntil(at);
    isBegun ||= at >= from;
    observations.take([at], rows, at);
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
function note(
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

/** All samples, instant by instant. */
function inOrder(samples: readonly StoredSamples[]) {
  const rows = new Map<number, { metric: string; instance: string; hold: number; values: number[] }[]>();
  for (const { metric, instance, at, value } of samples)
    for (const [row, instant] of at.entries()) {
      const one = { metric, instance, hold: 0, values: [value[row] ?? NaN] };
      const known = rows.get(instant);
      if (known === undefined) rows.set(instant, [one]);
      else known.push(one);
    }
  return [...rows].toSorted(([one], [other]) => one - other);
}

import { SECOND } from "@edgemere/protocol/kit";
import { nextOf, Observations, standingAfter, type Standing } from "@edgemere/protocol/policy";
import type { Device } from "../devices/contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import type { GroupPolicy } from "./group-policy.ts";
import { GroupWatch, numbersOf } from "./group-watch.ts";
import { inOrder, note, type Episode, type StoredSamples } from "./replay.ts";
import type { Seen } from "./watch.ts";

/** What time alone changes is looked at so often. */
const STEP = 5 * SECOND;
/** Instants after which somebody else has a turn. */
const TURN = 500;

/** A device with what is stored of it, from before the range as far as windows and freshness look back. */
export interface PastDevice {
  readonly row: Device;
  readonly samples: readonly StoredSamples[];
}

interface Range {
  readonly from: number;
  readonly to: number;
  /** Lets others have a turn. */
  readonly turn: () => Promise<unknown>;
}

/** What would have become of a policy's alerts on groups: the same running numbers and the same decisions, in the order in which the samples were made. */
export async function replayedGroups(
  policy: GroupPolicy,
  devices: readonly PastDevice[],
  { from, to, turn }: Range,
): Promise<ReadonlyMap<string, readonly Episode[]>> {
  const { metrics, windows } = policy.condition;
  const groups = new GroupWatch([policy]);
  const known = new Map(devices.map(({ row }) => [row.id, knownOf(row, new Observations(metrics, windows))] as const));
  const past = new Past(policy, groups, from);
  const take = (id: string, now: number) => {
    const device = known.get(id);
    if (device !== undefined) groups.take(device, now);
  };
  const timeline = devices
    .flatMap(({ row, samples }) => inOrder(samples).map(([at, { rows }]) => ({ at, rows, id: row.id })))
    .filter(({ at }) => at <= to)
    .toSorted((one, other) => one.at - other.at);
  let tick = from;
  const passUntil = (instant: number) => {
    for (let at = past.dueBefore(tick); at < instant; at = past.dueBefore(tick)) {
      if (at === tick) tick += STEP;
      for (const id of groups.due.take(at)) take(id, at);
      past.decide(at);
    }
  };
  let isBegun = false;
  const begin = () => {
    isBegun = true;
    for (const id of known.keys()) take(id, from);
    past.decide(from);
  };
  for (const [place, { at, rows, id }] of timeline.entries()) {
    if (at >= from && !isBegun) begin();
    if (isBegun) passUntil(at);
    known.get(id)?.observations.take([at], rows, at);
    if (isBegun) take(id, at);
    // All that was measured at one instant is looked at together.
    if (isBegun && timeline[place + 1]?.at !== at) past.decide(at);
    if (place % TURN === 0) await turn();
  }
  if (!isBegun) begin();
  passUntil(to);
  return past.episodes;
}

const knownOf = (row: Device, observations: Observations): Seen => ({
  row,
  view: viewOf(row),
  observations,
  events: new Map(),
});

/** The alerts of groups as they would have stood. */
class Past {
  readonly episodes = new Map<string, Episode[]>();
  readonly #standing = new Map<string, Standing>();
  readonly #policy: GroupPolicy;
  readonly #groups: GroupWatch;
  readonly #from: number;

  constructor(policy: GroupPolicy, groups: GroupWatch, from: number) {
    this.#policy = policy;
    this.#groups = groups;
    this.#from = from;
  }

  /** When an alert is due, if that is before an instant. */
  dueBefore(instant: number): number {
    const dues = [...this.#standing.values()].map(({ state, dueAt = Infinity }) =>
      state === "resolved" ? Infinity : dueAt,
    );
    return Math.min(instant, ...dues);
  }

  /** Looks at all groups of which something changed, and at those that are due. */
  decide(now: number): void {
    const { name, noData } = this.#policy;
    const changed = new Set<string>();
    for (let place = this.#groups.takeChanged(); place !== undefined; place = this.#groups.takeChanged())
      changed.add(place.group);
    for (const [group, { dueAt = Infinity }] of this.#standing) if (dueAt <= now) changed.add(group);
    if (noData !== undefined) for (const each of this.#groups.of(name)?.all ?? []) changed.add(each.name);
    for (const each of changed) this.#look(each, now);
  }

  #look(name: string, now: number): void {
    const { condition, for: wait, keepFiringFor, noData } = this.#policy;
    const group = this.#groups.of(this.#policy.name)?.find(name);
    if (group === undefined) return;
    const { verdict } = condition.judge(numbersOf(group, this.#policy, { now, since: -Infinity }));
    const missingAt = noData === undefined ? undefined : Math.max(group.newestAt, this.#from) + noData;
    const before = this.#standing.get(name);
    const after = standingAfter(before, nextOf(before, { now, verdict, for: wait, keepFiringFor, missingAt }), now);
    if (after === undefined) this.#standing.delete(name);
    else this.#standing.set(name, after);
    const episodes = this.episodes.get(name) ?? [];
    if (before?.state !== after?.state) note(episodes, before?.state, after?.state, now);
    if (episodes.length > 0) this.episodes.set(name, episodes);
  }
}

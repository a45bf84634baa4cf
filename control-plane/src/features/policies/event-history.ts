import { forgottenUpTo } from "../../platform/event-retention.ts";
import { Problem } from "../../platform/problem.ts";
import type { Store } from "../../platform/store.ts";
import { devicesOf } from "./following.ts";
import type { WatchedPolicy } from "./watched-policy.ts";

/** Events that are read for one answer: a long range of a busy fleet must not keep everybody else waiting. */
const READ_AT_MOST = 200_000;
const STEP = 500;

/** An event of a device that a condition counts. */
export interface Happened {
  readonly type: string;
  readonly number: number;
  readonly at: number;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** What is known of the events of a range. */
export interface EventHistory {
  /** From when whole spans of them are known: the begin of the range, or later where older ones are kept no more. */
  readonly from: number;
  /** By device, oldest first. */
  readonly devices: ReadonlyMap<string, readonly Happened[]>;
}

/** The events that a condition counts, from as long before a range as it counts back. Throws Problem where nothing of the range is known. */
export async function eventHistoryOf(
  { condition }: Pick<WatchedPolicy, "condition">,
  { from, to }: Range,
  store: Store,
): Promise<EventHistory> {
  const back = Math.max(...condition.events.map(({ span }) => span));
  const end = await numberAt(to + 1, store);
  const first = Math.max(await forgottenUpTo(store), end - READ_AT_MOST);
  const knownFrom = first === 0 ? -Infinity : ((await store.events(first, 1))[0]?.at ?? Infinity);
  const begin = Math.max(from, knownFrom + back);
  if (begin > to)
    throw new Problem(
      "invalid-input",
      `happened() cannot be looked back at in that range: the events that are kept tell of whole spans from ${Number.isFinite(begin) ? written(begin) : "now"} on`,
    );
  const types = new Set(condition.events.map(({ type }) => type));
  const devices = new Map<string, Happened[]>();
  for (let number = await numberAt(begin - back, store, first); number < end;) {
    const step = await store.events(number, Math.min(STEP, end - number));
    for (const event of step.filter(({ type }) => types.has(type)))
      for (const id of devicesOf(event)) {
        const happened = { type: event.type, number: event.number, at: event.at };
        const known = devices.get(id);
        if (known === undefined) devices.set(id, [happened]);
        else known.push(happened);
      }
    number = step.at(-1)?.number ?? end;
  }
  return { from: begin, devices };
}

/** The number after which events happened at an instant or later: they are in the order in which they happened. */
async function numberAt(instant: number, store: Store, after = 0): Promise<number> {
  let [low, high] = [Math.max(after, await forgottenUpTo(store)), store.lastNumber];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await store.events(middle, 1);
    if (event === undefined || event.at >= instant) high = middle;
    else low = middle + 1;
  }
  return low;
}

// oxlint-disable-next-line no-restricted-globals -- an instant is written, no clock is asked
const written = (at: number): string => new Date(at).toISOString();

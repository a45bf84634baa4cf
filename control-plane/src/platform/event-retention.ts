import { MINUTE, type Clock, type Log, type Loop } from "@edgemere/protocol/kit";
import { read } from "./batch.ts";
import type { Bus } from "./bus.ts";
import { put, putBytes } from "./change.ts";
import type { DomainEvent } from "./domain-event.ts";
import { placeInStory } from "./event-story.ts";
import { rangeOf } from "./keys.ts";
import { Problem } from "./problem.ts";
import { table, type AnyResource } from "./resource.ts";
import type { Store } from "./store.ts";

// Events that one step forgets: a commit stays small, however long the loop was away.
const STEP = 500;

const forgotten = table<{ readonly id: string; readonly upTo: number }>("eventlog");
const ID = "forgotten";

/** The number up to which events are no longer kept; 0 when all are. */
export const forgottenUpTo = async (store: Store): Promise<number> => (await store.get(forgotten, ID))?.upTo ?? 0;

/** Throws Problem gone when somebody asks for events of which some are no longer kept: leaving them out would be a silent loss. */
export async function refuseForgotten(store: Store, after: number): Promise<void> {
  const upTo = await forgottenUpTo(store);
  if (after < upTo)
    throw new Problem(
      "gone",
      `events up to ${upTo} are no longer kept; ask for those after ${upTo}, and look at the rows for what they told`,
    );
}

interface Parts {
  readonly store: Store;
  readonly bus: Pick<Bus, "passed">;
  readonly clock: Clock;
  readonly log: Log;
  /** Those whose rows have a story. */
  readonly resources: readonly AnyResource[];
  /** Milliseconds. */
  readonly keepFor: number;
}

/** Forgets events that are old and that every reaction has passed. The newest stays: it holds the number. */
export const forgetOldEvents = ({ store, bus, clock, log, resources, keepFor }: Parts): Loop => ({
  name: "forget old events",
  every: 10 * MINUTE,
  onError: (error) => log.error("loop failed", { loop: "forget old events", error }),
  step: async () => {
    const told = resources.filter(({ story }) => story.length > 0);
    const needed = Math.min(bus.passed + 1, store.lastNumber);
    const old: { readonly keys: readonly string[]; readonly number: number }[] = [];
    for await (const [key, value] of store.bytesBetween({ ...rangeOf("event"), limit: STEP })) {
      const event = read<DomainEvent>(value);
      const { number, at } = event;
      if (number >= needed || at >= clock.now() - keepFor) break;
      const places = told.map((each) => placeInStory(each, event)).filter((place) => place !== undefined);
      old.push({ keys: [key, ...places], number });
    }
    const upTo = old.at(-1)?.number;
    if (upTo === undefined) return "settled";
    const keys = old.flatMap((each) => each.keys);
    await store.commit(put(forgotten, { id: ID, upTo }), ...keys.map((key) => putBytes(key, undefined)));
    return old.length === STEP ? "more" : "settled";
  },
});

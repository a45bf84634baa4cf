import { MINUTE, type Clock } from "@edgemere/protocol/kit";
import type { DomainEvent } from "../platform/domain-event.ts";
import type { Store } from "../platform/store.ts";

// What comes together travels together.
const COALESCED = 60;
const BATCH = 200;

export interface Subscription {
  readonly store: Store;
  readonly clock: Clock;
  readonly isWanted: (event: DomainEvent) => boolean;
  /** Number of the last event that is already known. */
  readonly after: number;
  /** Resolves when the receiver is ready for more: until then nothing is read on its behalf. */
  readonly deliver: (events: readonly DomainEvent[], next: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Hands on the log from a number on, in order and without holes: first what there is, then what comes. Ends with the signal. */
export async function follow({ store, clock, isWanted, after, deliver, signal }: Subscription): Promise<void> {
  let position = after;
  let wake = new AbortController();
  const look = () => wake.abort();
  const end = store.onCommit(look);
  // Not AbortSignal.any(): each of those stays in memory as long as the signal that lives longest.
  signal.addEventListener("abort", look);
  try {
    while (!signal.aborted) {
      // Made anew before the look, so that a commit during the look is not missed.
      wake = new AbortController();
      const events = await store.events(position, BATCH);
      position = events.at(-1)?.number ?? position;
      const wanted = events.filter(isWanted);
      if (wanted.length > 0) await deliver(wanted, position);
      if (events.length === BATCH) continue;
      // The first after a pause is told at once.
      if (events.length === 0) await clock.sleep(MINUTE, wake.signal);
      else await clock.sleep(COALESCED, signal);
    }
  } finally {
    signal.removeEventListener("abort", look);
    end();
  }
}

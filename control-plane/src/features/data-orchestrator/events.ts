import type { DomainEvent } from "../../platform/domain-event.ts";
import { put } from "../../platform/change.ts";
import { forgottenUpTo } from "../../platform/event-retention.ts";
import type { Store } from "../../platform/store.ts";
import { followed } from "./tables.ts";

const EVENTS = 500;

/**
 * Shows what happened since the last time to `see`, which is told whether something of it is no longer known and gives whether anything mattered. Where nothing
 * did the position needs no sync: the same is seen again, as long as it is little. So is what was seen and not saved before a crash.
 */
export async function seeEvents(
  position: string,
  store: Store,
  see: (events: readonly DomainEvent[], isBlind: boolean) => Promise<boolean>,
): Promise<"settled" | "more"> {
  const from = (await store.get(followed, position))?.number ?? 0;
  const events = await store.events(from, EVENTS);
  const number = events.at(-1)?.number ?? from;
  const isFull = events.length === EVENTS;
  if ((await see(events, from < (await forgottenUpTo(store)))) || isFull)
    await store.commit(put(followed, { id: position, number }));
  return isFull ? "more" : "settled";
}

import { handle } from "../../platform/action.ts";
import { forgottenUpTo, refuseForgotten } from "../../platform/event-retention.ts";
import { matchesType, type DomainEvent } from "../../platform/domain-event.ts";
import type { Store } from "../../platform/store.ts";
import type { IdentityContext } from "./context.ts";
import * as contract from "./contract.ts";

// Events looked at for one answer: a rare type must not make one request walk the whole log.
const LOOKED_AT = 10_000;
const STEP = 500;

export const recordActions = [
  handle(contract.listEvents, async ({ after, type = ["*"], limit = 100 }, { store }: IdentityContext) => {
    if (after !== undefined) await refuseForgotten(store, after);
    const isWanted = ({ type: actual }: DomainEvent) => type.some((pattern) => matchesType(pattern, actual));
    const { events, next } =
      after === undefined ? await newest(store, isWanted, limit) : await following(store, after, isWanted, limit);
    return { events: events.map((each) => ({ ...each })), next };
  }),
];

type IsWanted = (event: DomainEvent) => boolean;
interface Found {
  readonly events: readonly DomainEvent[];
  readonly next: number;
}

async function following(store: Store, after: number, isWanted: IsWanted, limit: number): Promise<Found> {
  const events: DomainEvent[] = [];
  let next = after;
  while (next < after + LOOKED_AT) {
    const step = await store.events(next, STEP);
    for (const event of step) {
      next = event.number;
      if (isWanted(event)) events.push(event);
      if (events.length === limit) return { events, next };
    }
    if (step.length < STEP) break;
  }
  return { events, next };
}

async function newest(store: Store, isWanted: IsWanted, limit: number): Promise<Found> {
  const last = store.lastNumber;
  const first = Math.max(await forgottenUpTo(store), last - LOOKED_AT);
  let events: readonly DomainEvent[] = [];
  for (let end = last; end > first && events.length < limit; end -= STEP) {
    const start = Math.max(first, end - STEP);
    events = [...(await store.events(start, end - start)).filter(isWanted), ...events];
  }
  return { events: events.slice(-limit), next: last };
}

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
  handle(
    contract.listEvents,
    async ({ after, type = ["*"], limit = 100 }, { store, scopes }: IdentityContext, caller) => {
      if (after !== undefined) await refuseForgotten(store, after);
      const reach = scopes.reachOf(caller, contract.listEvents.permission);
      const isWanted = async (event: DomainEvent) =>
        type.some((pattern) => matchesType(pattern, event.type)) && reach.coversEvent(event);
      const { events, next } =
        after === undefined ? await newest(store, isWanted, limit) : await following(store, after, isWanted, limit);
      return { events: events.map((each) => ({ ...each })), next };
    },
  ),
];

type IsWanted = (event: DomainEvent) => Promise<boolean>;
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
      if (await isWanted(event)) events.push(event);
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
    const step: DomainEvent[] = [];
    for (const event of await store.events(start, end - start)) if (await isWanted(event)) step.push(event);
    events = [...step, ...events];
  }
  return { events: events.slice(-limit), next: last };
}

import { handle } from "../../platform/action.ts";
import { forgottenUpTo, refuseForgotten } from "../../platform/event-retention.ts";
import { matchesType, type DomainEvent } from "../../platform/domain-event.ts";
import { eventsAbout } from "../../platform/event-story.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import type { IdentityContext } from "./context.ts";
import * as contract from "./contract.ts";

// Events looked at for one answer: a rare type must not make one request walk the whole log.
const LOOKED_AT = 10_000;
const STEP = 500;

export const recordActions = [
  handle(
    contract.listEvents,
    async ({ after, type = ["*"], limit = 100, device: ref }, { store, scopes }: IdentityContext, caller) => {
      if (after !== undefined) await refuseForgotten(store, after);
      const reach = scopes.reachOf(caller, contract.listEvents.permission);
      const isWanted = async (event: DomainEvent) =>
        type.some((pattern) => matchesType(pattern, event.type)) && reach.coversEvent(event);
      const { events, next } = await (ref !== undefined
        ? ofDevice(store, await toldOf(store, ref, type), after, isWanted, limit)
        : after === undefined
          ? newest(store, isWanted, limit)
          : following(store, after, isWanted, limit));
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

/** The id of the device, where it has a story of what is asked for. Throws Problem where it has none: an empty answer would say that nothing happened. */
async function toldOf(store: Store, ref: string, types: readonly string[]): Promise<string> {
  const { name, story } = device;
  const isTold = (pattern: string) => story.some((each) => matchesType(pattern, `${name}.${each}`));
  for (const [place, pattern] of types.entries())
    if (!isTold(pattern))
      throw new Problem("invalid-input", `"${pattern}" is not told of one device; ask for it without a device`, {
        errors: [
          { pointer: `/type/${place}`, detail: `must be one of: ${story.map((each) => `${name}.${each}`).join(", ")}` },
        ],
      });
  return (await resolve(store, device, ref)).id;
}

async function ofDevice(
  store: Store,
  id: string,
  after: number | undefined,
  isWanted: IsWanted,
  limit: number,
): Promise<Found> {
  const last = store.lastNumber;
  const events: DomainEvent[] = [];
  const inOrder = () => (after === undefined ? events.toReversed() : events);
  let looked = 0;
  for await (const event of eventsAbout(device, id, { after, step: limit }, store)) {
    if (await isWanted(event)) events.push(event);
    if (events.length === limit || ++looked === LOOKED_AT)
      return { events: inOrder(), next: after === undefined ? last : event.number };
  }
  return { events: inOrder(), next: Math.max(last, events.at(after === undefined ? 0 : -1)?.number ?? 0) };
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

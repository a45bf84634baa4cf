import type { DomainEvent } from "./domain-event.ts";
import { keyOf, lastNumberPart, rangeOf } from "./keys.ts";
import type { Table } from "./resource.ts";
import type { Store } from "./store.ts";

/** The key under which an event is found by the row it tells of; undefined for what is not told there. */
export function placeInStory(
  { name, story = [], storyOf }: Pick<Table<never>, "name" | "story" | "storyOf">,
  { type, subject, number, data }: Omit<DomainEvent, "at">,
): string | undefined {
  if (!type.startsWith(`${name}.`) || !story.includes(type.slice(name.length + 1))) return undefined;
  const of = storyOf === undefined ? { name, id: subject } : storyOf(data as never);
  return of && storyKey(of.name, of.id, number);
}

export const storyKey = (name: string, subject: string, number: number): string =>
  keyOf("about", name, subject, number);

interface Part {
  /** Oldest first, those after a number; newest first when absent. */
  readonly after?: number | undefined;
  /** Of those that come newest first: from this number on. */
  readonly upTo?: number | undefined;
  /** So many are wanted, as far as is known: more are looked for only when they are asked for. */
  readonly step: number;
}

/** What happened to a row, of what its class, and those that are told of it, declare as its story. Reads no event but those that it gives. */
export async function* eventsAbout(
  { name }: Pick<Table<never>, "name">,
  id: string,
  { after, upTo, step }: Part,
  store: Store,
): AsyncGenerator<DomainEvent> {
  const reverse = after === undefined;
  let { gte, lt } = rangeOf("about", name, id);
  if (after !== undefined) gte = storyKey(name, id, after + 1);
  else if (upTo !== undefined) lt = storyKey(name, id, upTo + 1);
  for (;;) {
    const numbers: number[] = [];
    for await (const [key] of store.bytesBetween({ gte, lt, reverse, limit: step })) numbers.push(lastNumberPart(key));
    for (const number of numbers) {
      const [event] = await store.events(number - 1, 1);
      // One that is damaged, or was forgotten meanwhile, is not there.
      if (event?.number === number) yield event;
    }
    const last = numbers.at(-1);
    if (last === undefined || numbers.length < step) return;
    if (reverse) lt = storyKey(name, id, last);
    else gte = storyKey(name, id, last + 1);
  }
}

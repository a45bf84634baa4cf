import { checkAudit } from "./audit-check.ts";
import { placesOf, read } from "./batch.ts";
import { readable } from "./checksum.ts";
import type { Database } from "./database.ts";
import { lastPart, rangeOf } from "./keys.ts";
import type { AnyResource } from "./resource.ts";
import type { Store } from "./store.ts";

type Entries = AsyncIterable<readonly [string, Uint8Array]>;

const MOST = 20;

/** What is wrong with a restored store: entries that are not those of the original, a broken audit chain, indexes that lie. */
export async function mistakesIn(
  { database, store }: { readonly database: Database; readonly store: Store },
  original: Entries,
  resources: readonly AnyResource[],
): Promise<readonly string[]> {
  const mistakes: string[] = [];
  for await (const mistake of allMistakes(database, store, original, resources)) {
    mistakes.push(mistake);
    if (mistakes.length === MOST) return [...mistakes, "and more"];
  }
  return mistakes;
}

async function* allMistakes(
  database: Database,
  store: Store,
  original: Entries,
  resources: readonly AnyResource[],
): AsyncGenerator<string> {
  yield* differences(original, database.entries({}));
  const { faults } = await checkAudit({ store });
  for (const { detail } of faults) yield `the audit chain is broken: ${detail}`;
  for (const resource of resources) yield* wrongIndexes(database, resource);
}

/** Both in the order of their keys: what only one has, and what differs. */
async function* differences(expected: Entries, found: Entries): AsyncGenerator<string> {
  const restored = found[Symbol.asyncIterator]();
  let next = await restored.next();
  for await (const [key, value] of expected) {
    while (next.done !== true && before(next.value[0], key)) {
      yield `${readable(next.value[0])} came from nowhere`;
      next = await restored.next();
    }
    if (next.done === true || next.value[0] !== key) yield `${readable(key)} is missing`;
    else {
      if (Buffer.compare(next.value[1], value) !== 0) yield `${readable(key)} has another value`;
      next = await restored.next();
    }
  }
  for (; next.done !== true; next = await restored.next()) yield `${readable(next.value[0])} came from nowhere`;
}

/** A place without its row, and a row without one of its places. */
async function* wrongIndexes(database: Database, resource: AnyResource): AsyncGenerator<string> {
  const name = resource.name as string;
  const ids = new Set<string>();
  let places = 0;
  for await (const [key, value] of database.entries(rangeOf("row", name))) {
    ids.add(lastPart(key));
    for (const place of placesOf(resource, lastPart(key), read<object>(value))) {
      places++;
      if ((await database.get(place)) === undefined) yield `the ${name} "${lastPart(key)}" is missing in an index`;
    }
  }
  for await (const key of database.keys(rangeOf("index", name))) {
    places--;
    if (!ids.has(lastPart(key))) yield `an index of ${name} names "${lastPart(key)}", which is not there`;
  }
  if (places < 0) yield `the indexes of ${name} hold more than its rows give`;
}

const before = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;

import { createHash } from "node:crypto";
import { silentLog, type Log } from "@edgemere/protocol/kit";
import { placesOf, read } from "./batch.ts";
import type { Database, Operation } from "./database.ts";
import { keyOf, lastPart, rangeOf } from "./keys.ts";
import { inPages } from "./pages.ts";
import type { Table } from "./resource.ts";

/** Of each table the indexes that cover all of its rows, each with what it was built by. */
type Built = Readonly<Record<string, Definitions>>;
type Definitions = Readonly<Record<string, string>>;

const BUILT = keyOf("indexes");
const AT_ONCE = 2_000;
/** Of a big table it is told how far it is. */
const TOLD_EVERY = 50_000;

/**
 * Builds the indexes that were added or changed since the store was written, and takes away those that are no more. As long as one is built the
 * store does not say that it has it: who is killed midway begins that table anew. Costs one look where nothing changed.
 */
export async function buildIndexes(
  database: Database,
  tables: readonly Table<never>[],
  log: Pick<Log, "info"> = silentLog,
): Promise<void> {
  const found = await database.get(BUILT);
  let built: Built = found === undefined ? {} : read(found);
  const changed = tables.flatMap((table) => {
    const indexes = changedOf(table, built[table.name]);
    return indexes.length === 0 ? [] : [{ table, indexes }];
  });
  if (changed.length === 0) return;
  const note = async (more: Built) => {
    built = { ...built, ...more };
    await database.batch([{ type: "put", key: BUILT, value: Buffer.from(JSON.stringify(built)) }]);
  };
  // First: another program must not take for whole what this one leaves half built.
  await note(
    Object.fromEntries(changed.map(({ table, indexes }) => [table.name, without(built[table.name], indexes)])),
  );
  for (const { table, indexes } of changed) {
    for (const name of indexes) await clear(database, rangeOf("index", table.name, name));
    // What holds nothing is noted with the others.
    if ((await fill(database, table, indexes, log)) > 0) await note({ [table.name]: definitionsOf(table) });
  }
  await note(Object.fromEntries(changed.map(({ table }) => [table.name, definitionsOf(table)])));
}

/** An index is another one when its places are given by other words. */
const definitionsOf = ({ indexes }: Pick<Table<never>, "indexes">): Definitions =>
  Object.fromEntries(
    Object.entries(indexes).map(([name, places]) => [
      name,
      createHash("sha256").update(String(places)).digest("hex").slice(0, 16),
    ]),
  );

function changedOf(table: Table<never>, built: Definitions = {}): readonly string[] {
  const wanted = definitionsOf(table);
  return [...new Set([...Object.keys(wanted), ...Object.keys(built)])].filter((name) => wanted[name] !== built[name]);
}

const without = <T>(all: Readonly<Record<string, T>> = {}, names: readonly string[]): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));

async function clear(database: Database, range: { readonly gte: string; readonly lt: string }): Promise<void> {
  for await (const keys of inPages(database.keys(range), AT_ONCE))
    await database.batch(keys.map((key) => ({ type: "del", key })));
}

/** How many rows there are. */
async function fill(
  database: Database,
  { name, indexes }: Table<never>,
  changed: readonly string[],
  log: Pick<Log, "info">,
): Promise<number> {
  const some = {
    name,
    indexes: Object.fromEntries(Object.entries(indexes).filter(([each]) => changed.includes(each))),
  };
  let rows = 0;
  for await (const entries of inPages(database.entries(rangeOf("row", name)), AT_ONCE)) {
    const places = entries.flatMap(([key, row]) => placesOf(some, lastPart(key), read<object>(row)));
    await database.batch(places.map((key): Operation => ({ type: "put", key, value: new Uint8Array() })));
    rows += entries.length;
    if (rows % TOLD_EVERY === 0) log.info("indexes are being built", { table: name, indexes: changed, rows });
  }
  if (rows > 0) log.info("indexes are built", { table: name, indexes: changed, rows });
  return rows;
}

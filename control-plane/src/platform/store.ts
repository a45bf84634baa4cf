import type { Clock } from "@edgemere/protocol/kit";
import { Batch, read } from "./batch.ts";
import type { Change } from "./change.ts";
import type { Database } from "./database.ts";
import type { DomainEvent } from "./domain-event.ts";
import { InvalidCursor, makeCursor, openCursor } from "./cursor.ts";
import { Counter } from "./figures.ts";
import { LogEnds } from "./log-ends.ts";
import { keyOf, lastNumberPart, lastPart, rangeOf, type KeyPart } from "./keys.ts";
import { inPages } from "./pages.ts";
import { RememberedValues } from "./remembered-values.ts";
import type { Table } from "./resource.ts";

export interface ListOptions {
  /** Rows in the order of an index, optionally only those whose place starts with `prefix`. Default: all rows by id. */
  readonly index?: string;
  readonly prefix?: readonly KeyPart[];
  /** Where the previous page ended. */
  readonly cursor?: string | undefined;
  readonly limit?: number;
  readonly reverse?: boolean;
  /** Rows of an index are looked up many at a time: for a page that is read as a whole, where each alone would wait for the store. */
  readonly isReadAhead?: boolean;
  /** Begins at this id, or at what follows the prefix in the places of an index, or behind where that would stand. Not in reverse. */
  readonly from?: string;
}

export interface Page<Row> {
  readonly items: readonly Row[];
  /** Cursor of the next page; absent on the last one. */
  readonly next?: string;
}

interface Waiting {
  readonly changes: readonly Change[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const RECENT_EVENTS = 2_000;
/** Of a page so many are looked up at once. */
const ROWS_AT_ONCE = 100;
/** So many commits make a good batch: none waits for more. */
const ENOUGH = 256;

interface Options {
  /** Milliseconds that commits which may wait do wait for others; 0: not at all. */
  readonly gatherFor?: number;
}

/**
 * Rows and events over an ordered map. Commits that wait at the same time share one synced batch (group commit),
 * each still all or nothing: a commit whose look is out of date fails alone with Conflict.
 */
export class Store implements AsyncDisposable {
  readonly #database: RememberedValues;
  readonly #clock: Clock;
  readonly #logs: LogEnds;
  readonly #listeners = new Set<() => void>();
  /** Events that were committed, by type. */
  readonly occurred = new Counter({ name: "edgemere_events", help: "Events since the process began, by type" }, [
    "type",
  ]);
  #recent: DomainEvent[] = [];
  #lastNumber: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #broken: unknown;
  readonly #gatherFor: number;
  /** Ends the wait for others. */
  #hurry = new AbortController();

  private constructor(database: Database, clock: Clock, lastNumber: number, { gatherFor = 0 }: Options) {
    this.#database = new RememberedValues(database);
    this.#clock = clock;
    this.#gatherFor = gatherFor;
    this.#logs = new LogEnds(database);
    this.#lastNumber = lastNumber;
  }

  static async open(database: Database, clock: Clock, options: Options = {}): Promise<Store> {
    return new Store(database, clock, await lastNumberOf(database), options);
  }

  /** Number of the newest event; 0 when there is none. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** Whether a write failed: from then on none is taken until the database was opened anew and `recover` called. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  async get<Row extends { readonly id: string }>(table: Table<Row>, id: string): Promise<Row | undefined> {
    const bytes = await this.#database.get(keyOf("row", table.name, id));
    return bytes && read<Row>(bytes);
  }

  async list<Row extends { readonly id: string }>(table: Table<Row>, options: ListOptions = {}): Promise<Page<Row>> {
    const { limit = 100 } = options;
    const items: Row[] = [];
    for await (const { row, cursor } of this.walk(table, { ...options, limit: limit + 1 })) {
      if (items.length === limit) return { items, next: cursor };
      items.push(row);
    }
    return { items };
  }

  /** Every row of a table or of a part of an index. */
  async *scan<Row extends { readonly id: string }>(table: Table<Row>, options: ListOptions = {}): AsyncGenerator<Row> {
    for await (const { row } of this.walk(table, options)) yield row;
  }

  /** How many rows there are, or places in a part of an index. Reads no row. */
  async count<Row extends { readonly id: string }>(
    table: Table<Row>,
    { index, prefix = [] }: Pick<ListOptions, "index" | "prefix"> = {},
  ): Promise<number> {
    const range = index === undefined ? rangeOf("row", table.name) : rangeOf("index", table.name, index, ...prefix);
    let count = 0;
    for await (const _ of this.#database.keys(range)) count++;
    return count;
  }

  async bytes(key: string): Promise<Uint8Array | undefined> {
    return this.#database.get(key);
  }

  /** The same of many keys in one look, which costs a tenth of as many looks. They are not remembered: what there is much of is asked for in turn. */
  async bytesOf(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#database.getMany(keys, { isHeld: false });
  }

  /** Keys and bytes between two keys, in order. */
  bytesBetween(range: {
    readonly gte: string;
    readonly lt: string;
    readonly reverse?: boolean;
    readonly limit?: number;
  }): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#database.entries(range);
  }

  /** Lands all changes and their events, or none. Resolves when they are durable. Throws Conflict when a row moved since it was looked at. */
  commit(...changes: readonly Change[]): Promise<void> {
    const done = this.commitWithOthers(...changes);
    this.#hurry.abort(HURRIED);
    return done;
  }

  /** The same for what nobody waits for: it may wait a moment for others, because to sync one costs as much as to sync many. */
  commitWithOthers(...changes: readonly Change[]): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(refusal(this.#broken));
    if (changes.every(isNothing)) return Promise.resolve();
    const done = new Promise<void>((resolve, reject) => this.#waiting.push({ changes, resolve, reject }));
    if (this.#waiting.length >= ENOUGH) this.#hurry.abort(HURRIED);
    this.#writing ??= this.#writeAll();
    return done;
  }

  /** Events after a number, oldest first. */
  async events(after: number, limit = 500): Promise<readonly DomainEvent[]> {
    const first = this.#recent[0];
    if (first && first.number <= after + 1)
      return this.#recent.slice(after + 1 - first.number, after + 1 - first.number + limit);
    const events: DomainEvent[] = [];
    const { lt } = rangeOf("event");
    for await (const [, value] of this.#database.entries({ gte: keyOf("event", after + 1), lt, limit }))
      events.push(read<DomainEvent>(value));
    return events;
  }

  /** Calls back after every commit that had events, until the returned function is called. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** After the database was opened anew: what the failed write left is looked at, and writes are taken again. */
  async recover(): Promise<void> {
    this.#hurry.abort(HURRIED);
    await this.#writing;
    this.#database.forget();
    this.#lastNumber = await lastNumberOf(this.#database);
    this.#recent = [];
    this.#broken = undefined;
    // Events of a write that was told as failed may be there after all.
    for (const listener of this.#listeners) queueMicrotask(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hurry.abort(HURRIED);
    await this.#writing;
    await this.#database.close();
  }

  /** Rows with the cursor that starts at each. */
  async *walk<Row extends { readonly id: string }>(
    table: Table<Row>,
    options: ListOptions,
  ): AsyncGenerator<{ row: Row; cursor: string }> {
    const { index, prefix = [], cursor, from: first, limit, reverse = false, isReadAhead = false } = options;
    const head = index === undefined ? ["row", table.name] : ["index", table.name, index, ...prefix];
    const begin = first === undefined ? undefined : keyOf(...head, first);
    const range = rangeOf(...head);
    const from = cursor === undefined ? begin : openCursor(cursor);
    // A cursor is a key the caller held; outside the asked range it is a forgery or belongs to another question.
    if (from !== undefined && (from < range.gte || from >= range.lt)) throw new InvalidCursor();
    const bounds = { ...range, ...(from !== undefined && (reverse ? { lt: undefined, lte: from } : { gte: from })) };
    const { lt, ...rest } = bounds;
    const query = { ...rest, ...(lt !== undefined && { lt }), reverse, ...(limit !== undefined && { limit }) };
    if (index === undefined) {
      for await (const [key, value] of this.#database.entries(query))
        yield { row: read<Row>(value), cursor: makeCursor(key) };
      return;
    }
    if (!isReadAhead) {
      for await (const key of this.#database.keys(query)) {
        const row = await this.get(table, lastPart(key));
        if (row !== undefined) yield { row, cursor: makeCursor(key) };
      }
      return;
    }
    for await (const keys of inPages(this.#database.keys(query), ROWS_AT_ONCE)) {
      const found = await this.#database.getMany(keys.map((key) => keyOf("row", table.name, lastPart(key))));
      for (const [i, bytes] of found.entries())
        if (bytes !== undefined) yield { row: read<Row>(bytes), cursor: makeCursor(keys[i] ?? "") };
    }
  }

  async #writeAll(): Promise<void> {
    // One turn of waiting lets commits of the same moment share the batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      if (this.#gatherFor > 0) await this.#clock.sleep(this.#gatherFor, this.#hurry.signal);
      this.#hurry = new AbortController();
      const group = this.#waiting;
      this.#waiting = [];
      await this.#writeGroup(group);
    }
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    // What waited behind a failed write would take its numbers, which may be on the disk already.
    if (this.#broken !== undefined) return group.forEach(({ reject }) => reject(refusal(this.#broken)));
    const batch = new Batch(this.#database, this.#logs, this.#clock.now(), this.#lastNumber);
    const accepted: Waiting[] = [];
    await batch.lookAhead(group.flatMap(({ changes }) => changes));
    for (const each of group) {
      try {
        await batch.add(each.changes);
        accepted.push(each);
      } catch (error) {
        each.reject(error);
      }
    }
    if (accepted.length === 0) return;
    try {
      await this.#database.batch(batch.operations());
    } catch (error) {
      // A failed write may or may not have landed: only a fresh look after reopening can tell.
      this.#broken = error;
      for (const each of accepted) each.reject(error);
      return;
    }
    this.#remember(batch.events);
    // Each in a turn of its own: a listener that throws must not stop the writing.
    if (batch.events.length > 0) for (const listener of this.#listeners) queueMicrotask(listener);
    for (const { changes, resolve } of accepted) {
      for (const { landed } of changes) landed?.();
      resolve();
    }
  }

  #remember(events: readonly DomainEvent[]): void {
    this.#lastNumber += events.length;
    for (const { type } of events) this.occurred.add([type]);
    this.#recent = [...this.#recent, ...events].slice(-RECENT_EVENTS);
  }
}

/** The key tells it: the newest event is where the next one's number comes from, whether its value is sound or not. */
async function lastNumberOf(database: Database): Promise<number> {
  for await (const key of database.keys({ ...rangeOf("event"), reverse: true, limit: 1 })) return lastNumberPart(key);
  return 0;
}

// A reason of our own: without one an error is made, with its stack.
const HURRIED = "hurried";

const isNothing = ({ writes, bytes, appended }: Change) => writes.length + bytes.length + appended.length === 0;

const refusal = (cause: unknown) => new Error("the store failed and takes no more writes", { cause });

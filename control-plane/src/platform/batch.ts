import { Conflict, withoutSecrets, type Change, type Write } from "./change.ts";
import type { Database, Operation } from "./database.ts";
import type { DomainEvent } from "./domain-event.ts";
import { placeInStory } from "./event-story.ts";
import { keyOf, type KeyPart } from "./keys.ts";
import type { LogEnds } from "./log-ends.ts";

/** Rows of one group commit: later changes of the group see the earlier ones. */
export class Batch {
  readonly #database: Database;
  readonly #logs: LogEnds;
  readonly #now: number;
  readonly #rows = new Map<string, object | undefined>();
  /** What the database has under the keys that were looked at. */
  readonly #found = new Map<string, Uint8Array | undefined>();
  readonly #operations = new Map<string, Operation>();
  #next: number;
  readonly events: DomainEvent[] = [];

  constructor(database: Database, logs: LogEnds, now: number, lastNumber: number) {
    this.#database = database;
    this.#logs = logs;
    this.#now = now;
    this.#next = lastNumber + 1;
  }

  /**
   * Looks at once at what all these depend on: one look at many keys costs little more than one at one. Where that fails, because one of the values
   * is damaged, each change looks alone, and those fail that must.
   */
  async lookAhead(changes: readonly Change[]): Promise<void> {
    const writes = changes.flatMap((change) => change.writes);
    const keys = [...new Set(writes.filter((each) => each.isLook === true || dependsOnBefore(each)).map(rowKey))];
    const found = await this.#database.getMany(keys).catch(() => undefined);
    if (found === undefined) return;
    for (const [i, key] of keys.entries()) this.#found.set(key, found[i]);
  }

  async add(changes: readonly Change[]): Promise<void> {
    const all = changes.flatMap((change) => change.writes);
    for (const each of all.filter(({ isLook }) => isLook)) refuseWhenMoved(each, await this.#look(each));
    const writes = all.filter(({ isLook }) => isLook !== true);
    const looks = await Promise.all(writes.map((write) => this.#look(write)));
    writes.forEach((write, i) => {
      const earlier = writes.findLastIndex(
        (other, j) => j < i && other.id === write.id && other.table.name === write.table.name,
      );
      refuseWhenMoved(write, earlier === -1 ? looks[i] : writes[earlier]?.row);
    });
    for (const [i, write] of writes.entries())
      this.#write(write, this.#rows.has(rowKey(write)) ? this.#rows.get(rowKey(write)) : looks[i]);
    for (const { key, bytes } of changes.flatMap((change) => change.bytes)) this.#set(key, bytes);
    for (const { log, bytes } of changes.flatMap((change) => change.appended))
      this.#set(await this.#logs.next(log, this.#now), bytes);
  }

  operations(): readonly Operation[] {
    return [...this.#operations.values()];
  }

  async #look(write: Write): Promise<object | undefined> {
    const key = rowKey(write);
    if (this.#rows.has(key)) return this.#rows.get(key);
    if (!dependsOnBefore(write)) return undefined;
    const bytes = this.#found.has(key) ? this.#found.get(key) : await this.#database.get(key);
    return bytes && read<object>(bytes);
  }

  #write(write: Write, before: object | undefined): void {
    const key = rowKey(write);
    const row = write.row && this.#stamped(write, before);
    this.#rows.set(key, row);
    this.#set(key, row && written(row));
    const [places, placesBefore] = [row, before].map((each) => new Set(placesOf(write.table, write.id, each)));
    for (const place of placesBefore ?? []) if (places?.has(place) !== true) this.#set(place, undefined);
    // Where it stands already it stands.
    for (const place of places ?? []) if (placesBefore?.has(place) !== true) this.#set(place, new Uint8Array());
    for (const { type, subject } of write.events) {
      const event: DomainEvent = {
        number: this.#next++,
        type,
        subject,
        at: this.#now,
        data: withoutSecrets(write.table, write.told ?? row ?? before ?? {}),
      };
      this.events.push(event);
      this.#set(keyOf("event", event.number), written(event));
      const place = placeInStory(write.table, event);
      if (place !== undefined) this.#set(place, new Uint8Array());
    }
  }

  /** Rows of resources carry their instants; plain tables keep what they were given. */
  #stamped(write: Write, before: object | undefined): object {
    const row = write.row as object;
    if (!("version" in row)) return row;
    const createdAt = before && "createdAt" in before ? before.createdAt : this.#now;
    return { ...row, createdAt, updatedAt: this.#now };
  }

  #set(key: string, value: Uint8Array | undefined): void {
    this.#operations.set(key, value === undefined ? { type: "del", key } : { type: "put", key, value });
  }
}

/** Whoever writes a row whatever it was, keeps no index of it and tells nothing of it, is spared the look. */
const dependsOnBefore = ({ basedOn, table, row, events }: Write): boolean =>
  basedOn !== undefined ||
  events.length > 0 ||
  Object.keys(table.indexes).length > 0 ||
  (row !== undefined && "version" in row);

function refuseWhenMoved({ basedOn, table, id }: Write, current: { version?: number } | undefined): void {
  if (basedOn === undefined) return;
  const version = current?.version ?? 0;
  if (version === basedOn) return;
  throw new Conflict(
    basedOn === 0
      ? `there is already a ${table.name} "${id}"`
      : `the ${table.name} "${id}" changed meanwhile; look again and repeat`,
  );
}

/** The keys under which the indexes of a table have this row. */
export function placesOf(table: Pick<Write["table"], "name" | "indexes">, id: string, row: object | undefined) {
  if (row === undefined) return [];
  return Object.entries(table.indexes).flatMap(([index, places]) =>
    (places as (row: object) => readonly (readonly KeyPart[])[])(row).map((place) =>
      keyOf("index", table.name, index, ...place, id),
    ),
  );
}

const rowKey = ({ table, id }: Write) => keyOf("row", table.name, id);
const decoder = new TextDecoder();
const encoder = new TextEncoder();
export const read = <T>(bytes: Uint8Array): T => JSON.parse(decoder.decode(bytes)) as T;
const written = (value: object): Uint8Array => encoder.encode(JSON.stringify(value));

import type { SignalOf } from "@edgemere/protocol/kit";
import { Problem } from "./problem.ts";
import type { AnyMachine, AnyResource, Draft, Row, Table } from "./resource.ts";

/** News of the domain before it has a number. */
export interface Occurrence {
  readonly type: string;
  readonly subject: string;
}

/** One row to write. `basedOn` is the version that was looked at: 0 for "there is none", undefined for "whatever it is". */
export interface Write {
  readonly table: Table<never>;
  readonly id: string;
  /** Undefined removes the row. */
  readonly row: object | undefined;
  readonly basedOn: number | undefined;
  /** Nothing is written: the row is only to be the one that was looked at. */
  readonly isLook?: true;
  readonly events: readonly Occurrence[];
  /** What the events hold; the row when absent. */
  readonly told?: object;
}

/** Bytes under a key of the writer's own, such as a chunk of telemetry; undefined removes it. */
export interface BytesWrite {
  readonly key: string;
  readonly bytes: Uint8Array | undefined;
}

/** Bytes at the end of a log: the commit gives their key, which is greater than all before. */
export interface Appending {
  readonly log: string;
  readonly bytes: Uint8Array;
}

/** Rows and the events that tell of them. They are only ever made together, and land together or not at all. */
export interface Change {
  readonly writes: readonly Write[];
  readonly bytes: readonly BytesWrite[];
  readonly appended: readonly Appending[];
  /** Called when it is durable. It must not throw; after a crash nobody calls it. */
  readonly landed?: () => void;
}

const erased = (table: unknown) => table as Table<never>;
const ofRow = (write: Omit<Write, "table">, table: unknown): Change => ({
  writes: [{ ...write, table: erased(table) }],
  bytes: [],
  appended: [],
});

/** A row of a plain table; no news, the last writer wins. */
export const put = <T extends { readonly id: string }>(table: Table<T>, row: T): Change =>
  ofRow({ id: row.id, row, basedOn: undefined, events: [] }, table);

/** A row of a plain table that counts its versions: refused when it moved since `basedOn` (0: there was none). */
export const replaced = <T extends { readonly id: string; readonly version: number }>(
  table: Table<T>,
  row: T,
  basedOn: number,
): Change => ofRow({ id: row.id, row, basedOn, events: [] }, table);

/** Of a table that counts its versions refused when the row moved since `basedOn`, where that is given. */
export const removed = <T extends { readonly id: string }>(table: Table<T>, id: string, basedOn?: number): Change =>
  ofRow({ id, row: undefined, basedOn, events: [] }, table);

/** Writes nothing: what it goes with is refused when the row moved since it was looked at. */
export const unmoved = <R extends AnyResource>(resource: R, { id, version }: Row<R>): Change =>
  ofRow({ id, row: undefined, basedOn: version, isLook: true, events: [] }, resource);

export const putBytes = (key: string, bytes: Uint8Array | undefined): Change => ({
  writes: [],
  bytes: [{ key, bytes }],
  appended: [],
});

/**
 * Bytes at the end of a log, under its name, the instant of the commit and a number. Who reads on from the last key that was there misses
 * nothing: what lands later stands behind it, whenever it was made.
 */
export const appended = (log: string, bytes: Uint8Array): Change => ({
  writes: [],
  bytes: [],
  appended: [{ log, bytes }],
});

/** Writes nothing. */
export const nothing = (): Change => ({ writes: [], bytes: [], appended: [] });

/** Writes nothing: tells somebody in memory that what it goes with is durable. */
export const whenLanded = (landed: () => void): Change => ({ writes: [], bytes: [], appended: [], landed });

/** A new row: version 1, first state; "x.create" and "x.<first state>". Refused when the id is taken. */
export function created<R extends AnyResource>(
  resource: R,
  id: string,
  draft: Draft<R>,
  state?: Row<R> extends { state: infer S } ? S : never,
): Change {
  const first = state ?? (resource.life as AnyMachine | undefined)?.initial;
  return ofRow(
    {
      id,
      row: { ...draft, id, version: 1, ...(first !== undefined && { state: first }) },
      basedOn: 0,
      events: occurrences(resource, id, ["create", ...(first !== undefined ? [first as string] : [])]),
    },
    resource,
  );
}

/** The next state (an illegal signal throws), with other fields if they change too: "x.updated" and "x.<state>". */
export function moved<R extends AnyResource>(
  resource: R,
  row: Row<R>,
  signal: SignalOf<R["life"]>,
  patch: Partial<Draft<R>> = {},
): Change {
  const current = row as Row<R> & { state: string };
  const state = (resource.life as AnyMachine).next(current.state, signal);
  return ofRow(
    {
      id: row.id,
      row: { ...row, ...patch, state, version: row.version + 1 },
      basedOn: row.version,
      events: occurrences(resource, row.id, ["updated", state]),
    },
    resource,
  );
}

/** A state that the row had before a restore and must have again, whatever way led there: "x.updated" and "x.<state>". */
export const brought = (resource: AnyResource, row: Row<AnyResource>, state: string): Change =>
  ofRow(
    {
      id: row.id,
      row: { ...row, state, version: row.version + 1 },
      basedOn: row.version,
      events: occurrences(resource, row.id, ["updated", state]),
    },
    resource,
  );

/** Other fields of a row: "x.updated" and the given news. */
export function updated<R extends AnyResource>(
  resource: R,
  row: Row<R>,
  patch: Partial<Draft<R>>,
  ...news: readonly NewsOf<R>[]
): Change {
  return ofRow(
    {
      id: row.id,
      row: { ...row, ...patch, version: row.version + 1 },
      basedOn: row.version,
      events: occurrences(resource, row.id, ["updated", ...news]),
    },
    resource,
  );
}

export function destroyed<R extends AnyResource>(resource: R, row: Row<R>): Change {
  return ofRow(
    { id: row.id, row: undefined, basedOn: row.version, events: occurrences(resource, row.id, ["destroy"]) },
    resource,
  );
}

/**
 * News of a row that stays as it is, with more to tell of it than it holds: "x.<news>" and neither "x.updated" nor a version. What was told is
 * remembered in a plain table, in the same commit; refused when that moved since `basedOn`, where it is given.
 */
export const telling = <R extends AnyResource, T extends { readonly id: string }>(
  { resource, row, more, news }: { resource: R; row: Row<R>; more: object; news: NewsOf<R> },
  table: Table<T>,
  remembered: T,
  basedOn?: number,
): Change =>
  ofRow(
    {
      id: remembered.id,
      row: remembered,
      basedOn,
      events: occurrences(resource, row.id, [news]),
      told: { ...withoutSecrets(resource, row), ...more },
    },
    table,
  );

/** Events go to whoever may read events; what they never held cannot leak from any copy of the log. */
export const withoutSecrets = ({ secrets = [] }: Pick<Table<never>, "secrets">, row: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).filter(([field]) => !secrets.includes(field)));

type NewsOf<R extends AnyResource> = R["news"][number] & string;

const occurrences = (resource: AnyResource, subject: string, names: readonly string[]): readonly Occurrence[] =>
  names.map((name) => ({ type: `${resource.name as string}.${name}`, subject }));

/** The row changed since it was looked at. A person is told to look again; a rule or a receiver just does. */
export class Conflict extends Problem {
  constructor(what: string) {
    super("conflict", what);
    this.name = "Conflict";
  }
}

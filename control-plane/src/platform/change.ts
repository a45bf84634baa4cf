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
  readonly events: readonly Occurrence[];
}

/** Bytes under a key of the writer's own, such as a chunk of telemetry; undefined removes it. */
export interface BytesWrite {
  readonly key: string;
  readonly bytes: Uint8Array | undefined;
}

/** Rows and the events that tell of them. They are only ever made together, and land together or not at all. */
export interface Change {
  readonly writes: readonly Write[];
  readonly bytes: readonly BytesWrite[];
}

const erased = (table: unknown) => table as Table<never>;
const ofRow = (write: Omit<Write, "table">, table: unknown): Change => ({
  writes: [{ ...write, table: erased(table) }],
  bytes: [],
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

export const putBytes = (key: string, bytes: Uint8Array | undefined): Change => ({
  writes: [],
  bytes: [{ key, bytes }],
});

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

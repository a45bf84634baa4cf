import { type Static, type TObject, Type } from "@sinclair/typebox";
import type { Machine, StateOf } from "@edgemere/protocol/kit";
import type { KeyPart } from "./keys.ts";

/** Where a row stands in a secondary index; several places, or none. */
export type IndexPlaces = readonly (readonly KeyPart[])[];
/** An index whose words change is built anew when a store is opened. A change of what they call is not seen: give such an index another name. */
export type Indexes<Row> = Readonly<Record<string, (row: Row) => IndexPlaces>>;

/** Rows without events: what the control plane remembers for itself. */
export interface Table<Row extends { readonly id: string }> {
  readonly name: string;
  readonly indexes: Indexes<Row>;
  /** Fields that events leave out. */
  readonly secrets?: readonly string[];
  /** Events that are found by the row they tell of, without the name of the class. */
  readonly story?: readonly string[];
  readonly storyOf?: StoryOf<Row>;
}

/** The row of another class that what happens to a row is told of, in its stead; undefined: it is told of nobody. */
type StoryOf<Row> = (row: Row) => Told | undefined;
interface Told {
  readonly name: string;
  readonly id: string;
}

const declared = new Map<string, Table<never>>();
/** Every table and every resource that this program knows: none is forgotten when a store is opened. */
export const declaredTables = (): readonly Table<never>[] => [...declared.values()];
function known<T extends { readonly name: string }>(each: T): T {
  declared.set(each.name, each as unknown as Table<never>);
  return each;
}

export const table = <Row extends { readonly id: string }>(name: string, indexes: Indexes<Row> = {}): Table<Row> =>
  known({ name, indexes });

/** What every row of a resource has. Instants are milliseconds since 1970 UTC. */
export interface RowHead {
  readonly id: string;
  /** 1 when created, one more with every change. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

// eslint-disable-next-line typescript/no-explicit-any -- Machine is invariant in its table, so "any machine" cannot be said otherwise
export type AnyMachine = Machine<any>;

export interface Resource<
  N extends string,
  S extends TObject,
  L extends AnyMachine | undefined,
  News extends string,
> extends Table<RowOf<S, L>> {
  readonly name: N;
  readonly summary: string;
  readonly shape: S;
  readonly life: L;
  /** Events beside create, updated, destroy and the states. */
  readonly news: readonly News[];
  /** Ids of the devices that a row tells of: who may not see all of them does not see it. Absent: it tells of no device. */
  readonly belongsTo: ((row: RowOf<S, L>) => readonly string[]) | undefined;
  readonly secrets: readonly string[];
  readonly story: readonly string[];
  readonly revoking: readonly string[];
}

type StateField<L> = L extends AnyMachine ? { readonly state: StateOf<L> } : unknown;
type RowOf<S extends TObject, L> = RowHead & Readonly<Static<S>> & StateField<L>;

// eslint-disable-next-line typescript/no-explicit-any -- generics are erased on purpose: lists of resources of every shape
export type AnyResource = Resource<any, any, any, any>;
export type Row<R extends AnyResource> = R extends Resource<string, infer S, infer L, string> ? RowOf<S, L> : never;
/** What must be given to create a row: the shape, without head and state. */
export type Draft<R extends AnyResource> = Readonly<Static<R["shape"]>>;
/** Every event name of a resource: a misspelt one does not compile. */
export type EventOf<R extends AnyResource> =
  | `${R["name"]}.${"create" | "updated" | "destroy" | (R["news"][number] & string)}`
  | (R["life"] extends AnyMachine ? `${R["name"]}.${StateOf<R["life"]>}` : never);

/** Declares a class of the domain: gives its table, its rows' type and its events. */
export function resource<
  const N extends string,
  S extends TObject,
  L extends AnyMachine | undefined = undefined,
  const News extends string = never,
>(declaration: {
  /** Lower case, no separators: it stands in event names. */
  readonly name: N;
  readonly summary: string;
  readonly shape: S;
  readonly life?: L;
  readonly news?: readonly News[];
  /** Ids of the devices that a row tells of: who may not see all of them does not see it. */
  readonly belongsTo?: ((row: RowOf<S, L>) => readonly string[]) | undefined;
  readonly indexes?: Indexes<RowOf<S, L>>;
  /** Fields that never leave the table: events are written without them. */
  readonly secrets?: readonly (keyof Static<S> & string)[];
  /** Events that are found by the row they tell of: each costs an entry, so none that comes again and again. More of them are a migration. */
  readonly story?: readonly ("create" | "destroy" | News | (L extends AnyMachine ? StateOf<L> : never))[];
  readonly storyOf?: StoryOf<RowOf<S, L>>;
  /** States in which a right is taken away: the audit log has each such move, and a restore from a backup makes it again. */
  readonly revoking?: readonly string[];
}): Resource<N, S, L, News> {
  const { name, summary, shape, life, belongsTo, storyOf, news = [], indexes = {} } = declaration;
  const { secrets = [], story = [], revoking = [] } = declaration;
  const unknown = revoking.find((each) => !life?.states.includes(each));
  if (unknown !== undefined) throw new Error(`${name} has no state "${unknown}" that could take a right away`);
  const told = { story, ...(storyOf !== undefined && { storyOf }) };
  return known({ name, summary, shape, life: life as L, news, belongsTo, indexes, secrets, ...told, revoking });
}

/** Whether something that a contract declares is a resource. */
export const isResource = (value: unknown): value is AnyResource =>
  typeof value === "object" && value !== null && "shape" in value && "revoking" in value;

/** None where there is no life. */
export const statesOf = ({ life }: AnyResource): readonly string[] => (life as AnyMachine | undefined)?.states ?? [];

/** All event names of a resource, in the order: create, updated, destroy, states, news. */
export const eventsOf = (of: AnyResource): readonly string[] =>
  ["create", "updated", "destroy", ...statesOf(of), ...(of.news as readonly string[])].map(
    (each) => `${of.name as string}.${each}`,
  );

/** The schema of a whole row, for outputs of actions. */
export function rowSchema<R extends AnyResource>(of: R) {
  if (of.secrets.length > 0)
    throw new Error(`rows of ${of.name as string} hold secrets: declare what an output shows of them field by field`);
  const shape = of.shape as R["shape"];
  return Type.Unsafe<Row<R>>(
    Type.Object({
      id: Type.String(),
      ...(of.life && { state: Type.Union(statesOf(of).map((state) => Type.Literal(state))) }),
      ...(shape as TObject).properties,
      version: Type.Integer({ description: "One more with every change" }),
      createdAt: Type.Integer({ description: "Milliseconds since 1970 UTC" }),
      updatedAt: Type.Integer({ description: "Milliseconds since 1970 UTC" }),
    }),
  );
}

import type { AnyAction } from "./action.ts";
import { ANYONE, covers, may, type Caller } from "./caller.ts";
import type { DomainEvent } from "./domain-event.ts";
import type { Expression } from "./expression.ts";
import type { Feature } from "./feature.ts";
import { Problem } from "./problem.ts";
import { noneIfUnknown, noneOf, referencesOf, resolve, severalOf } from "./reference.ts";
import type { AnyResource, Row } from "./resource.ts";
import type { Store } from "./store.ts";

/** The class that grants can be limited to some of, and how a selector sees its rows. */
export interface Realm<R extends AnyResource = AnyResource> {
  readonly resource: R;
  /** Throws Problem invalid-input that names the mistake. */
  readonly compile: (selector: string) => Expression;
  readonly viewOf: (row: Row<R>) => Readonly<Record<string, unknown>>;
}

/** How far a caller's permission goes. Made for one question: what it found out it does not ask again. */
export interface Reach {
  readonly isEverywhere: boolean;
  /** A row of the realm as it is, or as it would be. */
  coversRow(row: Row<AnyResource>): boolean;
  /** A row of the realm by its id. */
  coversId(id: string): Promise<boolean>;
  /** A row of any class: all that it belongs to must lie within, and it must belong to something. */
  coversOwned(resource: AnyResource, row: object): Promise<boolean>;
  coversEvent(event: DomainEvent): Promise<boolean>;
}

const COMPILED_AT_MOST = 1_000;
/** Rows of one name that are looked at. */
const NAMED_AT_MOST = 1_000;

/** The one place that decides what lies within the devices that a grant is limited to. */
export class Scopes {
  readonly #store: Store;
  readonly #realm: Realm | undefined;
  readonly #resources: ReadonlyMap<string, AnyResource>;
  readonly #compiled = new Map<string, Expression>();

  constructor(features: readonly Pick<Feature<never>, "resources" | "realm">[], store: Store) {
    this.#store = store;
    this.#realm = features.find(({ realm }) => realm !== undefined)?.realm;
    this.#resources = new Map(
      features.flatMap(({ resources }) => resources.map((each) => [each.name as string, each] as const)),
    );
  }

  /** Throws Problem invalid-input when this is no selector that a grant can be limited by. */
  compile(selector: string): Expression {
    const known = this.#compiled.get(selector);
    if (known !== undefined) return known;
    if (this.#realm === undefined)
      throw new Problem("invalid-input", "there is nothing here that grants are limited to");
    const compiled = this.#realm.compile(selector);
    if (this.#compiled.size >= COMPILED_AT_MOST) this.#compiled.clear();
    this.#compiled.set(selector, compiled);
    return compiled;
  }

  reachOf(caller: Pick<Caller, "permissions" | "limited">, permission: string): Reach {
    if (may(caller, permission)) return everywhere;
    const grants = (caller.limited ?? [])
      .filter((grant) => covers(grant.permission, permission))
      .map(({ selectors }) => selectors.map((each) => this.#compiledOrNothing(each)));
    const coversRow = (row: Row<AnyResource>) => {
      const view = this.#realm?.viewOf(row);
      return view !== undefined && grants.some((selectors) => selectors.every((each) => each.matches(view)));
    };
    const found = new Map<string, Promise<boolean>>();
    const look = async (id: string) => {
      const row = this.#realm && (await this.#store.get(this.#realm.resource, id));
      return row !== undefined && coversRow(row);
    };
    const coversId = (id: string) => {
      const known = found.get(id) ?? look(id);
      found.set(id, known);
      return known;
    };
    const coversOwned: Reach["coversOwned"] = async (resource, row) => {
      if (resource === this.#realm?.resource) return coversRow(row as Row<AnyResource>);
      const owners = ownersOf(resource, row);
      for (const each of owners) if (!(await coversId(each))) return false;
      return owners.length > 0;
    };
    return {
      isEverywhere: false,
      coversRow,
      coversId,
      coversOwned,
      coversEvent: async ({ type, data }) => {
        const resource = this.#resources.get(type.slice(0, type.indexOf(".")));
        return resource !== undefined && coversOwned(resource, data);
      },
    };
  }

  /**
   * The input of an action with every reference as an id, where the caller's grants are limited: what lies outside is not
   * found, in the words that are said of what does not exist. Ids, because a name may belong to another row in a moment.
   */
  async within(action: AnyAction, input: object, caller: Caller): Promise<object> {
    const reach = this.reachOf(caller, action.permission);
    if (reach.isEverywhere || action.scope === undefined || action.scope === "anywhere") return input;
    const changed: Record<string, unknown> = { ...input };
    for (const { field, resource: name } of referencesOf(action)) {
      const given = changed[field];
      if (given === undefined) continue;
      const refs = [given].flat() as string[];
      const ids = await Promise.all(refs.map((ref) => this.#idWithin(ref, name, reach)));
      changed[field] = Array.isArray(given) ? ids : ids[0];
    }
    return changed;
  }

  /** The rows of the realm that an input names, or that what it names belongs to. What is not there is the handler's to refuse. */
  async touched(action: AnyAction, input: object): Promise<readonly Row<AnyResource>[]> {
    const rows = new Map<string, Row<AnyResource>>();
    for (const { field, resource: name } of referencesOf(action)) {
      const resource = this.#resources.get(name);
      if (resource === undefined || this.#realm === undefined) continue;
      const given = [(input as Record<string, unknown>)[field] ?? []].flat() as string[];
      for (const ref of given) {
        const row = await resolve(this.#store, resource, ref).catch(noneIfUnknown);
        if (row === undefined) continue;
        const owners = resource === this.#realm.resource ? [row.id] : ownersOf(resource, row);
        for (const id of owners) {
          const owner = await this.#store.get(this.#realm.resource, id);
          if (owner !== undefined) rows.set(id, owner);
        }
      }
    }
    return [...rows.values()];
  }

  /** Throws when an action speaks of what grants can be limited to, and does not say how it keeps to that. */
  refuseUndeclared(action: AnyAction): void {
    const { permission, scope } = action;
    const path = action.path as string;
    if (permission === ANYONE) return;
    const named = new Set(
      namedIn(action.input as Schema).filter((name) => this.#resources.get(name)?.belongsTo !== undefined),
    );
    if (scope === undefined && named.size > 0)
      throw new Error(`action ${path} takes a reference to a ${[...named].join(", ")} and declares no scope`);
    if (scope !== "referenced" && scope !== "filtered") return;
    const references = referencesOf(action);
    const isFree = (name: string) => this.#resources.has(name) && this.#resources.get(name)?.belongsTo === undefined;
    const free = namedIn(action.input as Schema).find(isFree);
    if (free !== undefined)
      throw new Error(`action ${path} has a scope, and takes a reference to a ${free}, which belongs to no device`);
    if (scope === "referenced" && references.length === 0)
      throw new Error(`action ${path} has the scope "referenced" and no reference`);
  }

  async #idWithin(ref: string, name: string, reach: Reach): Promise<string> {
    const resource = this.#resources.get(name);
    if (resource === undefined) throw noneOf(name, ref);
    const row = await this.#store.get(resource, ref);
    if (row !== undefined && (await reach.coversOwned(resource, row))) return row.id;
    const named: string[] = [];
    // Of several that share a name only those count that may be known of.
    if (row === undefined && Object.hasOwn(resource.indexes as object, "name"))
      for await (const each of this.#store.scan(resource, { index: "name", prefix: [ref], limit: NAMED_AT_MOST }))
        if (await reach.coversOwned(resource, each)) named.push(each.id);
    if (named.length > 1) throw severalOf(name, ref);
    if (named[0] === undefined) throw noneOf(name, ref);
    return named[0];
  }

  /** A selector that was valid once and is no longer matches nothing. */
  #compiledOrNothing(selector: string): Expression {
    try {
      return this.compile(selector);
    } catch (error) {
      if (error instanceof Problem) return nothing;
      throw error;
    }
  }
}

const everywhere: Reach = {
  isEverywhere: true,
  coversRow: () => true,
  coversId: async () => true,
  coversOwned: async () => true,
  coversEvent: async () => true,
};
const nothing: Expression = { matches: () => false };

function ownersOf({ belongsTo }: AnyResource, row: object): readonly string[] {
  return (belongsTo as ((row: object) => readonly string[]) | undefined)?.(row) ?? [];
}

interface Schema {
  readonly "x-ref"?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** The classes that an input names, at any depth. */
function namedIn({ "x-ref": own, properties = {}, items, anyOf = [] }: Schema): readonly string[] {
  const below = [...Object.values(properties), ...(items ? [items] : []), ...anyOf];
  return [...(own === undefined ? [] : [own]), ...below.flatMap(namedIn)];
}

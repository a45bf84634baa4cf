import type { AnyAction } from "./action.ts";
import { Problem } from "./problem.ts";
import type { AnyResource, Row } from "./resource.ts";
import type { Store } from "./store.ts";

/** The row that an id or a unique name stands for. A resource that has names declares an index `name`. */
export async function resolve<R extends AnyResource>(store: Store, resource: R, ref: string): Promise<Row<R>> {
  const byId = await store.get(resource, ref);
  if (byId !== undefined) return byId as Row<R>;
  if (Object.hasOwn(resource.indexes as object, "name")) {
    const { items } = await store.list(resource, { index: "name", prefix: [ref], limit: 2 });
    if (items.length > 1) throw severalOf(resource.name as string, ref);
    if (items[0] !== undefined) return items[0] as Row<R>;
  }
  throw noneOf(resource.name as string, ref);
}

/** A field of an action's input that names a row, or a list of them. */
interface Reference {
  readonly field: string;
  /** The class that it names. */
  readonly resource: string;
}

interface Field {
  readonly "x-ref"?: string;
  readonly items?: Field;
}

/** The fields that hold a reference, or a list of them. */
export const referencesOf = ({ input }: AnyAction): readonly Reference[] =>
  Object.entries((input as { readonly properties?: Record<string, Field> }).properties ?? {}).flatMap(
    ([field, schema]) => {
      const resource = schema["x-ref"] ?? schema.items?.["x-ref"];
      return resource === undefined ? [] : [{ field, resource }];
    },
  );

export const noneOf = (resource: string, ref: string): Problem =>
  new Problem("not-found", `there is no ${resource} "${ref}"`);

export const severalOf = (resource: string, name: string): Problem =>
  new Problem("conflict", `the name "${name}" belongs to more than one ${resource}; use the id`);

/** What cannot be found, or stands for several, is the handler's to refuse. */
export function noneIfUnknown(error: unknown): undefined {
  if (error instanceof Problem && (error.type === "not-found" || error.type === "conflict")) return undefined;
  throw error;
}

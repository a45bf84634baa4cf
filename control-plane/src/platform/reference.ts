import { Problem } from "./problem.ts";
import type { AnyResource, Row } from "./resource.ts";
import type { Store } from "./store.ts";

/** The row that an id or a unique name stands for. A resource that has names declares an index `name`. */
export async function resolve<R extends AnyResource>(store: Store, resource: R, ref: string): Promise<Row<R>> {
  const byId = await store.get(resource, ref);
  if (byId !== undefined) return byId as Row<R>;
  if (Object.hasOwn(resource.indexes as object, "name")) {
    const { items } = await store.list(resource, { index: "name", prefix: [ref], limit: 2 });
    if (items.length > 1)
      throw new Problem(
        "conflict",
        `the name "${ref}" belongs to more than one ${resource.name as string}; use the id`,
      );
    if (items[0] !== undefined) return items[0] as Row<R>;
  }
  throw new Problem("not-found", `there is no ${resource.name as string} "${ref}"`);
}

import type { AnyResource, Row, Table } from "./resource.ts";
import { isInState } from "./states.ts";
import type { Reach } from "./scopes.ts";
import type { ListOptions, Page, Store } from "./store.ts";

/** A page of the rows that match. The cursor is that of the first match on the next page. */
export async function pageOfMatches<T>(
  walk: AsyncIterable<{ readonly row: T; readonly cursor: string }>,
  isWanted: (row: T) => boolean | Promise<boolean>,
  limit: number,
): Promise<{ items: T[]; next?: string }> {
  const items: T[] = [];
  for await (const { row, cursor } of walk) {
    if (!(await isWanted(row))) continue;
    if (items.length === limit) return { items, next: cursor };
    items.push(row);
  }
  return { items };
}

type Where = ListOptions & { readonly limit: number; readonly states?: readonly string[] | undefined };

/** A page of the rows, in some states where these were asked for. */
export const pageOf = <T extends { readonly id: string }>(
  store: Store,
  of: Table<T>,
  { limit, states, ...where }: Where,
): Promise<Page<T>> =>
  states === undefined
    ? store.list(of, { ...where, limit })
    : pageOfMatches(store.walk(of, where), isInState(states), limit);

/** A page of the rows that a caller may know of, in some states where these were asked for. Who may know of all pays nothing for those who may not. */
export async function pageWithin<R extends AnyResource>(
  store: Store,
  resource: R,
  reach: Reach,
  { limit, states, ...where }: Where,
): Promise<Page<Row<R>>> {
  const isWanted = isInState(states);
  const page: Page<unknown> = reach.isEverywhere
    ? await pageOf(store, resource, { ...where, states, limit })
    : await pageOfMatches(
        store.walk(resource, where),
        (row) => isWanted(row as object) && reach.coversOwned(resource, row),
        limit,
      );
  return page as Page<Row<R>>;
}

/** All that comes, so many at a time. */
export async function* inPages<T>(all: AsyncIterable<T>, most: number): AsyncGenerator<readonly T[]> {
  let page: T[] = [];
  for await (const each of all) {
    page.push(each);
    if (page.length < most) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

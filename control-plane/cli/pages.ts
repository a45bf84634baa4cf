import type { AnyAction } from "../src/platform/action.ts";

/** Fields of a list's input that are options of their own kind on the command line. */
export const LIST_FIELDS: readonly string[] = ["limit", "cursor"];
const LONGEST_PAGE = 500;

export interface Page {
  readonly items: readonly unknown[];
  readonly next?: string;
  readonly total?: number;
}

/** Lists take a cursor and give items. */
export const isList = ({ input }: AnyAction): boolean => "cursor" in (input as { properties: object }).properties;

/** Asks for page after page until there are enough items. */
export async function collectPages(
  ask: (input: { readonly limit: number; readonly cursor?: string }) => Promise<unknown>,
  wanted: number,
  from?: string,
): Promise<Page> {
  const items: unknown[] = [];
  let cursor = from;
  for (;;) {
    const limit = Math.min(LONGEST_PAGE, wanted - items.length);
    const page = (await ask({ limit, ...(cursor !== undefined && { cursor }) })) as Page;
    items.push(...page.items);
    cursor = page.next;
    if (cursor === undefined || items.length >= wanted) return { ...page, items };
  }
}

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

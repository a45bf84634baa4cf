import type { DataSourceReport, Record_ } from "@edgemere/protocol";
import { TAG_KEY } from "./contract.ts";

/** Consecutive parts of one report, put together. */
export interface Slice {
  readonly name: string;
  readonly path: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly takesData: boolean;
  readonly failure: string;
  readonly report: string;
  readonly firstPart: number;
  readonly lastPart: number;
  readonly parts: number;
  readonly items: readonly Item[];
}

export interface Item {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly hash: string;
  readonly modifiedAt: number;
}

/** A source may hold so many parts of 1,000 items; a larger directory is not catalogued but called a failure. */
const PARTS_AT_MOST = 100;

/** Sources of one device; further ones are not catalogued. */
export const SOURCES_AT_MOST = 100;

/**
 * What the records say, one slice a source: of several reports of one source the newest, which makes the older ones
 * history. Where a part is missing in between, the slice starts after it.
 */
export function slicesOf(records: readonly Record_[]): readonly Slice[] {
  const slices = new Map<string, Slice>();
  for (const { body, dataSource } of records) {
    if (body !== "dataSource" || !dataSource) continue;
    const before = slices.get(dataSource.name);
    const follows = before?.report === dataSource.report && before.lastPart + 1 === dataSource.part;
    slices.set(dataSource.name, follows && before ? joined(before, sliceOf(dataSource)) : sliceOf(dataSource));
  }
  return [...slices.values()];
}

function sliceOf({
  name,
  path,
  totalBytes,
  freeBytes,
  tags,
  takesData,
  failure,
  report,
  part,
  parts,
  items,
}: DataSourceReport): Slice {
  const isTooLarge = parts > PARTS_AT_MOST;
  return {
    name,
    path,
    totalBytes,
    freeBytes,
    takesData,
    tags: Object.fromEntries(Object.entries(tags).filter(([key]) => TAG_KEY.test(key))),
    failure: isTooLarge ? `it holds more than ${PARTS_AT_MOST * 1_000} files; split the directory` : failure,
    report,
    firstPart: part,
    lastPart: part,
    parts: Math.max(1, parts),
    items:
      isTooLarge || failure !== ""
        ? []
        : items.map(({ name, bytes, hash, modifiedAtMs }) => ({
            name,
            bytes,
            hash: Buffer.from(hash).toString("hex"),
            modifiedAt: modifiedAtMs,
          })),
  };
}

const joined = (before: Slice, after: Slice): Slice => ({
  ...after,
  firstPart: before.firstPart,
  items: [...before.items, ...after.items],
});

/** The last word on each name: a report that tells of a file twice saw it change in between. */
export const itemsByName = (items: readonly Item[]): readonly Item[] => [
  ...new Map(items.map((item) => [item.name, item])).values(),
];

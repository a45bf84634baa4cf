import type { DataSourceReport, Record_ } from "@edgemere/protocol";
import { deviceKinds, TAG_KEY } from "./contract.ts";
import type { IndexStand } from "./tables.ts";

/** Consecutive parts of one report and changes after it, put together. */
export interface Slice {
  readonly name: string;
  readonly path: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly takesData: boolean;
  /** Empty where nothing is mounted. */
  readonly mountFolder: string;
  readonly failure: string;
  readonly kind: (typeof deviceKinds)[number];
  /** What is wrong with what fills it, and when that is tried again; empty and 0 when nothing is. */
  readonly condition: string;
  readonly nextTryAt: number;
  readonly report: string;
  readonly firstPart: number;
  readonly lastPart: number;
  readonly parts: number;
  /** Changes only, of no report that tells all. */
  readonly isChange: boolean;
  readonly items: readonly Item[];
  /** Names of what is gone. */
  readonly gone: readonly string[];
  /** Where the index stood before and after: undefined where the device counts none, or where something is missing in between. */
  readonly before: number | undefined;
  readonly stand: IndexStand | undefined;
}

export interface Item {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly hash: string;
  readonly modifiedAt: number;
  /** What the device says of it. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A source may hold so many parts of 1,000 items; a larger directory is not catalogued but called a failure. */
const PARTS_AT_MOST = 100;

export const FILES_AT_MOST = PARTS_AT_MOST * 1_000;
export const TOO_LARGE = `it holds more than ${FILES_AT_MOST} files; split the directory`;

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
    slices.set(dataSource.name, before === undefined ? sliceOf(dataSource) : after(before, sliceOf(dataSource)));
  }
  return [...slices.values()].map(withoutDoubles);
}

/** A report that tells of a file twice saw it change in between, and one that was there at last is not gone. */
function withoutDoubles({ items: all, gone, ...slice }: Slice): Slice {
  const items = itemsByName(all);
  const names = new Set(items.map(({ name }) => name));
  return { ...slice, items, gone: [...new Set(gone)].filter((name) => !names.has(name)) };
}

function after(before: Slice, next: Slice): Slice {
  if (next.isChange) return before.failure === "" && next.failure === "" ? changed(before, next) : next;
  return !before.isChange && before.report === next.report && before.lastPart + 1 === next.firstPart
    ? { ...next, firstPart: before.firstPart, items: [...before.items, ...next.items] }
    : next;
}

/** What was told, with what changed then. Where numbers are missing in between both are true, and it is not known what else is. */
function changed(before: Slice, { items, gone, stand, before: from, ...head }: Slice): Slice {
  const { report, firstPart, lastPart, parts, isChange } = before;
  const isGone = new Set(gone);
  const isBack = new Set(items.map(({ name }) => name));
  const isNext = from === before.stand?.number || isSameStand(stand, before.stand);
  return {
    ...head,
    report,
    firstPart,
    lastPart,
    parts,
    isChange,
    before: before.before,
    items: itemsByName([...before.items.filter(({ name }) => !isGone.has(name)), ...items]),
    gone: [...new Set([...before.gone.filter((name) => !isBack.has(name)), ...gone])],
    stand: isNext ? stand : undefined,
  };
}

export const isSameStand = (one: IndexStand | undefined, other: IndexStand | undefined): boolean =>
  one !== undefined && one.number === other?.number && one.checksum === other.checksum;

function sliceOf({
  name,
  path,
  totalBytes,
  freeBytes,
  tags,
  takesData,
  mountFolder,
  failure,
  kind,
  condition,
  nextTryAtMs,
  report,
  part,
  parts,
  items,
  removed,
  index,
  indexBefore,
  indexChecksum,
}: DataSourceReport): Slice {
  const isTooLarge = parts > PARTS_AT_MOST;
  return {
    name,
    path,
    totalBytes,
    freeBytes,
    takesData,
    mountFolder: takesData ? mountFolder : "",
    tags: sayable(tags),
    kind: deviceKinds.find((each) => each === kind) ?? "directory",
    condition,
    nextTryAt: nextTryAtMs,
    failure: isTooLarge ? TOO_LARGE : failure,
    report,
    firstPart: part,
    lastPart: part,
    parts: Math.max(1, parts),
    isChange: indexBefore > 0,
    gone: failure === "" ? removed : [],
    before: indexBefore > 0 ? indexBefore : undefined,
    stand: index > 0 ? { number: index, checksum: Buffer.from(indexChecksum).toString("hex") } : undefined,
    items:
      isTooLarge || failure !== ""
        ? []
        : items.map(({ name, bytes, hash, modifiedAtMs, tags }) => ({
            name,
            bytes,
            hash: Buffer.from(hash).toString("hex"),
            modifiedAt: modifiedAtMs,
            tags: sayable(tags ?? {}),
          })),
  };
}

const sayable = (tags: Slice["tags"]) => Object.fromEntries(Object.entries(tags).filter(([key]) => TAG_KEY.test(key)));

/** The last word on each name. */
const itemsByName = (items: readonly Item[]): readonly Item[] => [
  ...new Map(items.map((item) => [item.name, item])).values(),
];

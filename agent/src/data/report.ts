import { cutText, limits, type Encodable, type IndexedFile, type v1 } from "@edgemere/protocol";
import type { Condition, RecordingPlan } from "./recording/plan.ts";
import { tagsOfRecorded } from "./recording/recorded-tags.ts";

export type ReportMessage = Encodable<typeof v1.DataSourceReport>;

/** Where the files lie, and how full it is there. */
export interface Room {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** What is wrong with what fills the directory. */
  readonly condition?: Condition | undefined;
}

/** What was seen at one look at a data directory, beside its files. */
export type Look = { readonly failure: string } | Room;

/** A directory whose files the agent tells of. */
export interface Source {
  /** Unique on the device. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Whether data of other places may be put there, and taken away again; not when absent. */
  readonly takesData?: boolean;
  /** What fills it; nothing of the agent's when absent. */
  readonly records?: RecordingPlan;
  /** Where data is shown that does not lie here; absent where none is. */
  readonly mountFolder?: string;
}

/** An index as it stands after what is told. */
export interface Stand {
  readonly number: number;
  readonly checksum: Uint8Array;
}

/** What changed in a directory. */
export interface Changes {
  readonly items: readonly IndexedFile[];
  readonly gone: readonly string[];
}

// Leaves room for the frame around the record.
const LARGEST_PART = limits.messageBytes / 2;
// Free space changes all the time; what is below this part of the whole is no news.
const FREE_SPACE_NEWS = 0.01;

/** Whether a look is worth telling after the one that was told last, where no file has changed. */
export function isNews(look: Look, told: Look | undefined): boolean {
  if (told === undefined) return true;
  if ("failure" in look || "failure" in told)
    return !("failure" in look && "failure" in told) || look.failure !== told.failure;
  if (look.condition?.reason !== told.condition?.reason || look.condition?.nextTryAt !== told.condition?.nextTryAt)
    return true;
  const moved = Math.abs(look.freeBytes - told.freeBytes);
  return moved > look.totalBytes * FREE_SPACE_NEWS || look.totalBytes !== told.totalBytes;
}

const headOf = ({ name, path, tags, takesData = false, records, mountFolder = "" }: Source) => ({
  name,
  path,
  tags: { ...tags },
  takesData,
  kind: records?.kind ?? "",
  mountFolder,
});

export const failureReport = (source: Source, failure: string, report: string): ReportMessage => ({
  ...headOf(source),
  report,
  parts: 1,
  failure: cutText(failure),
});

interface Whole {
  readonly room: Room;
  readonly items: Iterable<IndexedFile>;
  readonly stand: Stand;
}

/** The messages that tell of all that a directory holds: more than one for a large one, and one for an empty one too. */
export function wholeReport(source: Source, { room, items, stand }: Whole, report: string): readonly ReportMessage[] {
  const parts = inParts(items, wordsOf(source));
  const about = { ...headOf(source), ...roomOf(room), report, index: stand.number, indexChecksum: stand.checksum };
  return (parts.length === 0 ? [[]] : parts).map((items, part, { length }) => ({
    ...about,
    part,
    parts: length,
    items: items.map(onWire(source)),
  }));
}

/** The message that tells what has changed since the index had the number `before`; nothing, where it is only to be known how it stands. */
export const changeReport = (
  source: Source,
  { room, changes, stand, before }: { room: Room; changes: Changes; stand: Stand; before: number },
  report: string,
): ReportMessage => ({
  ...headOf(source),
  ...roomOf(room),
  report,
  parts: 2,
  items: changes.items.map(onWire(source)),
  removed: [...changes.gone],
  index: stand.number,
  indexBefore: before,
  indexChecksum: stand.checksum,
});

/** Names, or what has one, as many at a time as one message takes. */
export function inParts<T>(all: Iterable<T>, nameOf: (each: T) => string): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let room = 0;
  for (const each of all) {
    const bytes = Buffer.byteLength(nameOf(each)) + 64;
    if (bytes > room || (parts.at(-1)?.length ?? 0) >= limits.dataItems) {
      parts.push([]);
      room = LARGEST_PART;
    }
    parts.at(-1)?.push(each);
    room -= bytes;
  }
  return parts;
}

/** All that is said of a file in words. */
export const wordsOf =
  ({ records }: Source) =>
  ({ name }: { readonly name: string }): string =>
    records === undefined ? name : name + JSON.stringify(tagsOfRecorded(records, name));

const roomOf = ({ totalBytes, freeBytes, condition }: Room) => ({
  totalBytes,
  freeBytes,
  ...(condition !== undefined && { condition: cutText(condition.reason), nextTryAtMs: condition.nextTryAt }),
});

const onWire =
  ({ records }: Source) =>
  ({ name, bytes, modifiedAt, hash }: IndexedFile) => ({
    name,
    bytes,
    hash: Buffer.from(hash, "hex"),
    modifiedAtMs: modifiedAt,
    ...(records !== undefined && { tags: tagsOfRecorded(records, name) }),
  });

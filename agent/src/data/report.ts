import { cutText, limits, type Encodable, type v1 } from "@edgemere/protocol";

type ReportMessage = Encodable<typeof v1.DataSourceReport>;

/** A file with what it holds. */
export interface Item {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAt: number;
  /** SHA-256, hex. */
  readonly hash: string;
}

/** What was seen at one look at a data directory. */
export type Look =
  | { readonly failure: string }
  | { readonly items: readonly Item[]; readonly totalBytes: number; readonly freeBytes: number };

export interface Source {
  readonly name: string;
  readonly path: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Whether data of other places may be put there; not when absent. */
  readonly takesData?: boolean;
}

// Leaves room for the frame around the record.
const LARGEST_PART = limits.messageBytes / 2;
// Free space changes all the time; what is below this part of the whole is no news.
const FREE_SPACE_NEWS = 0.01;

/** Whether a look is worth telling after the one that was told last. */
export function isNews(look: Look, told: Look | undefined): boolean {
  if (told === undefined) return true;
  if ("failure" in look || "failure" in told)
    return !("failure" in look && "failure" in told) || look.failure !== told.failure;
  const moved = Math.abs(look.freeBytes - told.freeBytes);
  return (
    moved > look.totalBytes * FREE_SPACE_NEWS ||
    look.totalBytes !== told.totalBytes ||
    look.items.length !== told.items.length ||
    look.items.some((item, i) => !isSame(item, told.items[i]))
  );
}

const isSame = (item: Item, other: Item | undefined) =>
  item.name === other?.name &&
  item.bytes === other.bytes &&
  item.modifiedAt === other.modifiedAt &&
  item.hash === other.hash;

/** The messages that tell of a look: more than one for a large directory. */
export function reportMessages(source: Source, look: Look, report: string): readonly ReportMessage[] {
  const { name, path, takesData = false } = source;
  const head = { name, path, tags: { ...source.tags }, takesData, report };
  if ("failure" in look) return [{ ...head, parts: 1, failure: cutText(look.failure) }];
  const { totalBytes, freeBytes } = look;
  const parts = inParts(look.items);
  return parts.map((items, part) => ({
    ...head,
    totalBytes,
    freeBytes,
    part,
    parts: parts.length,
    items: items.map(({ name, bytes, modifiedAt, hash }) => ({
      name,
      bytes,
      hash: Buffer.from(hash, "hex"),
      modifiedAtMs: Math.max(0, Math.round(modifiedAt)),
    })),
  }));
}

/** At least one part, for an empty directory too. */
function inParts(items: readonly Item[]): readonly (readonly Item[])[] {
  const parts: Item[][] = [[]];
  let room = LARGEST_PART;
  for (const item of items) {
    const bytes = Buffer.byteLength(item.name) + 64;
    if (bytes > room || (parts.at(-1)?.length ?? 0) >= limits.dataItems) {
      parts.push([]);
      room = LARGEST_PART;
    }
    parts.at(-1)?.push(item);
    room -= bytes;
  }
  return parts;
}

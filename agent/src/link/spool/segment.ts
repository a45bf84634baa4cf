import type { StreamName } from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";
import { bothLosses, gapReasonOf, lossOf, type KeptRecord, type Loss } from "./kept-record.ts";

/** One file of a stream. */
export interface Segment {
  /** The number in its file's name. */
  readonly name: number;
  readonly first: number;
  /** The number that follows its last record. */
  readonly next: number;
  readonly bytes: number;
  /** What goes when the segment is given up; absent when it holds no record. */
  readonly loss?: Loss;
  /** Why, when it is nothing but a gap. */
  readonly gap?: string;
  /** Its records were thinned out, or there is nothing to thin out. */
  readonly isThin: boolean;
  /** The names of the schemas that its records need. */
  readonly schemas: ReadonlySet<string>;
}

interface Content {
  readonly name: number;
  readonly first: number;
  readonly bytes: number;
  readonly records: readonly KeptRecord[];
}

/** `next` follows the records; a segment without any gives its first number next. */
export function segmentOf({ name, first, bytes, records }: Content): Segment {
  const losses = records.map(lossOf);
  const next = (records.at(-1)?.last ?? first - 1) + 1;
  const [only] = records;
  const gap = only && records.length === 1 ? gapReasonOf(only) : undefined;
  return {
    name,
    first: records[0]?.first ?? first,
    next,
    bytes,
    isThin: records.length < 2 || records.some((each) => gapReasonOf(each) === "thinned"),
    schemas: new Set(records.flatMap(({ schema }) => schema ?? [])),
    ...(losses.length > 0 && { loss: losses.reduce(bothLosses) }),
    ...(gap !== undefined && { gap }),
  };
}

/** Whether giving it up would make room. */
export const holdsRecords = ({ loss, gap }: Segment): boolean => loss !== undefined && gap === undefined;

/** Whether all of it was made before an instant and none of it has been thinned out. */
export const canBeThinned = ({ isThin, loss }: Segment, before: number): boolean =>
  !isThin && (loss?.toMs ?? before) < before;

/** The segment with more at its end. */
export function grown(segment: Segment, bytes: number, records: readonly KeptRecord[]): Segment {
  if (segment.loss === undefined) return segmentOf({ ...segment, bytes: segment.bytes + bytes, records });
  const { name, first, loss } = segment;
  const isNew = records.some(({ schema }) => schema !== undefined && !segment.schemas.has(schema));
  const schemas = isNew
    ? new Set([...segment.schemas, ...records.flatMap(({ schema }) => schema ?? [])])
    : segment.schemas;
  const next = (records.at(-1)?.last ?? segment.next - 1) + 1;
  const losses = [loss, ...records.map(lossOf)].reduce(bothLosses);
  return { name, first, next, bytes: segment.bytes + bytes, loss: losses, isThin: false, schemas };
}

const NAME = /^(\d{16})\.segment$/;
export const pathOf = (stream: StreamName, name: number): string =>
  `spool/${stream}/${String(name).padStart(16, "0")}.segment`;

/** The names of a stream's segments, oldest first. */
export const segmentNames = async (disk: Disk, stream: StreamName): Promise<readonly number[]> =>
  (await disk.list(`spool/${stream}`)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);

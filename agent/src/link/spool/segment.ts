import type { StreamName } from "@edgemere/protocol";
import type { Appender, Disk } from "@edgemere/protocol/kit";
import { bothLosses, framed, lossOf, type KeptRecord, type Loss } from "./kept-record.ts";
import { repair } from "./repair.ts";

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
  /** It is nothing but a gap that stands for segments given up before. */
  readonly isGap: boolean;
}

interface Content {
  readonly name: number;
  readonly first: number;
  readonly bytes: number;
  readonly records: readonly KeptRecord[];
  /** Of records that were in it before. */
  readonly loss?: Loss | undefined;
}

/** `next` follows the records; a segment without any gives its first number next. */
export function segmentOf({ name, first, bytes, records, loss }: Content): Segment {
  const losses = [...(loss ? [loss] : []), ...records.map(lossOf)];
  const next = (records.at(-1)?.last ?? first - 1) + 1;
  return { name, first, next, bytes, isGap: false, ...(losses.length > 0 && { loss: losses.reduce(bothLosses) }) };
}

const NAME = /^(\d{16})\.segment$/;
export const pathOf = (stream: StreamName, name: number): string =>
  `spool/${stream}/${String(name).padStart(16, "0")}.segment`;

/** Opens a stream's files, mending what must be mended; a stream without any begins with number 1. */
export async function openSegments(
  disk: Disk,
  stream: StreamName,
): Promise<{ segments: [Segment, ...Segment[]]; kept: readonly KeptRecord[]; appender: Appender }> {
  const names = (await disk.list(`spool/${stream}`)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  const segments: Segment[] = [];
  let kept: readonly KeptRecord[] = [];
  for (const [i, name] of names.entries()) {
    const path = pathOf(stream, name);
    const content = (await disk.read(path)) ?? new Uint8Array();
    const limit = names[i + 1];
    const expected = segments.at(-1)?.next;
    const { records, next, isChanged, tornBytes } = repair({ stream, first: name, content, expected, limit });
    // A crash came between the gap that stands for it and its removal.
    if (records.length === 0 && limit !== undefined) {
      await disk.remove(path);
      continue;
    }
    const whole = isChanged ? framed(records) : content.subarray(0, content.length - tornBytes);
    if (isChanged) await disk.write(path, whole);
    else if (tornBytes > 0) await disk.truncate(path, whole.length);
    const segment = segmentOf({ name, first: records[0]?.first ?? next, bytes: whole.length, records });
    segments.push({ ...segment, isGap: records.length === 1 && records[0]?.record.body === "gap" });
    kept = records;
  }
  const newest = segments.at(-1) ?? segmentOf({ name: 1, first: 1, bytes: 0, records: [] });
  const appender = await disk.append(pathOf(stream, newest.name));
  const [first = newest, ...rest] = segments;
  return { segments: [first, ...rest], kept, appender };
}

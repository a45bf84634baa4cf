import type { StreamName } from "@edgemere/protocol";
import type { Env } from "@edgemere/protocol/kit";
import { bytesOf, framed, kept as whole, outlined, type KeptRecord } from "./kept-record.ts";
import type { Quarantine } from "./quarantine.ts";
import { lost, repair } from "./repair.ts";
import { pathOf, segmentNames, segmentOf, type Segment } from "./segment.ts";

export interface OpenParts {
  readonly env: Env;
  readonly stream: StreamName;
  readonly quarantine: Quarantine;
  /** The stream had records before: without a file its numbers are lost. */
  readonly hasBegun: boolean;
}

export interface OpenedSegments {
  readonly segments: [Segment, ...Segment[]];
  /** The newest segment's records. */
  readonly kept: readonly KeptRecord[];
  /** The newest segment's file says what is believed, and may grow. */
  readonly isSound: boolean;
  /** Segments in which something could not be read. */
  readonly damaged: number;
}

/** How far the numbers go on when nobody knows how many were given. */
const JUMP = 2 ** 20;

/**
 * Opens a stream's files. What must be mended is mended when the disk lets it be; until then it is read as if it were.
 * Nothing is written to a file that is as it should be, so a full disk keeps nobody from opening.
 */
export async function openSegments(parts: OpenParts): Promise<OpenedSegments> {
  const { env, stream } = parts;
  const names = await segmentNames(env.disk, stream);
  const segments: Segment[] = [];
  let kept: readonly KeptRecord[] = [];
  let isSound = true;
  let damaged = 0;
  for (const [i, name] of names.entries()) {
    const limit = names[i + 1];
    const content = await readOrLose(parts, name);
    const expected = segments.at(-1)?.next;
    const found =
      content === undefined && limit === undefined
        ? recovered(stream, Math.max(name, expected ?? name))
        : repair({
            stream,
            first: name,
            content: content ?? new Uint8Array(),
            expected,
            limit,
            // There may be hundreds of megabytes of it, and what it carries is read when it is sent.
            read: limit === undefined ? whole : outlined,
          });
    // A crash came between the gap that stands for it and its removal.
    if (found.records.length === 0 && limit !== undefined) {
      await env.disk.remove(pathOf(stream, name)).catch(() => {});
      continue;
    }
    if (found.isDamaged) damaged += 1;
    isSound = found.isSound || (await mended(parts, name, { ...found, content }));
    const bytes = bytesOf(found.records);
    segments.push(segmentOf({ name, first: found.next, bytes, records: found.records }));
    kept = found.records;
  }
  const [first, ...rest] = segments;
  if (first !== undefined) return { segments: [first, ...rest], kept, isSound, damaged };
  if (!parts.hasBegun)
    return { segments: [segmentOf({ name: 1, first: 1, bytes: 0, records: [] })], kept: [], isSound, damaged };
  env.log.warn("the files of a stream are gone; its numbers go on where none was given before", { stream });
  const { records } = recovered(stream, 1);
  isSound = await mended(parts, 1, { records, isDamaged: false, content: undefined });
  const jump = segmentOf({ name: 1, first: 1, bytes: bytesOf(records), records });
  return { segments: [jump], kept: records, isSound, damaged: damaged + 1 };
}

/** Undefined when the disk does not give it back. */
async function readOrLose({ env, stream }: OpenParts, name: number): Promise<Uint8Array | undefined> {
  try {
    return (await env.disk.read(pathOf(stream, name))) ?? new Uint8Array();
  } catch (error) {
    // Too many open files, say, are no loss: the next start may read it.
    if (!(error instanceof Error && "code" in error && error.code === "EIO")) throw error;
    env.log.warn("a segment of the spool cannot be read", { stream, segment: name, error });
    return undefined;
  }
}

function recovered(stream: StreamName, from: number) {
  const last = from + JUMP - 1;
  const records = [lost({ stream, first: from, last, reason: "counter-recovery" })];
  return { records, next: last + 1, isSound: false, isDamaged: true };
}

interface Found {
  readonly records: readonly KeptRecord[];
  readonly isDamaged: boolean;
  readonly content: Uint8Array | undefined;
}

/** Has the file say what was found, in one step; a damaged one is put aside before. False when the disk does not let it. */
async function mended({ env, stream, quarantine }: OpenParts, name: number, found: Found): Promise<boolean> {
  const { records, isDamaged, content } = found;
  const path = pathOf(stream, name);
  env.log.warn("a segment of the spool is mended", { stream, segment: name, isDamaged, bytes: content?.length ?? 0 });
  try {
    if (isDamaged && content !== undefined) await quarantine.take(stream, name, content);
    await env.disk.write(path, framed(records));
    return true;
  } catch (error) {
    env.log.warn("the segment could not be mended yet; it is read as if it were", { stream, segment: name, error });
    return false;
  }
}

import type { StreamName } from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";
import { kept, type KeptRecord } from "./kept-record.ts";
import { repair } from "./repair.ts";
import { pathOf, type Segment } from "./segment.ts";

export interface ReadRoom {
  /** In a message, where each record has a few bytes around it. */
  readonly bytes: number;
  readonly records: number;
}

const AROUND_RECORD = 8;

/** Reads a stream's segments from the disk; the last one read stays in memory, so that it is not read for each message anew. */
export class SegmentReader {
  readonly #disk: Disk;
  readonly #stream: StreamName;
  #last: { readonly segment: Segment; readonly records: readonly KeptRecord[] } | undefined;

  constructor(disk: Disk, stream: StreamName) {
    this.#disk = disk;
    this.#stream = stream;
  }

  /** What cannot be read of it is a gap. */
  async records(segment: Segment): Promise<readonly KeptRecord[]> {
    if (this.#last?.segment === segment) return this.#last.records;
    const content = (await this.#disk.read(pathOf(this.#stream, segment.name))) ?? new Uint8Array();
    const { first, next } = segment;
    const { records } = repair({ stream: this.#stream, first, content, expected: first, limit: next, read: kept });
    this.#last = { segment, records };
    return records;
  }

  /** To be called when a file was replaced. */
  forget(): void {
    this.#last = undefined;
  }
}

/** Those from a number on, as many as there is room for, at least one when there is one. */
export function chosenFrom(records: readonly KeptRecord[], from: number, room: ReadRoom): readonly KeptRecord[] {
  const chosen: KeptRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    if (record.last < from) continue;
    bytes += record.payload.length + AROUND_RECORD;
    if (chosen.length > 0 && (bytes > room.bytes || chosen.length >= room.records)) break;
    chosen.push(record);
  }
  return chosen;
}

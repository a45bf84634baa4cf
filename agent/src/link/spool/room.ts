import { streamNames, type StreamName } from "@edgemere/protocol";
import type { Log } from "@edgemere/protocol/kit";
import { capsOf, reservedForResults, rules } from "./caps.ts";
import { GAP_BYTES, type GapReason } from "./kept-record.ts";
import type { KeptSchemas } from "./kept-schemas.ts";
import type { Quarantine } from "./quarantine.ts";
import { SpoolFull } from "./spool-full.ts";
import type { StreamLog } from "./stream-log.ts";

export type StreamLogs = Readonly<Record<StreamName, StreamLog>>;

// What a stream may take beyond its records: a gap that follows them, and one that is being written.
const ROOM_FOR_GAPS = 3 * GAP_BYTES;
/** Below this share of their caps the streams are said to have room again. */
const ROOMY = 0.9;

interface RoomParts {
  readonly maxBytes: number;
  readonly logs: StreamLogs;
  readonly quarantine: Quarantine;
  readonly schemas: KeptSchemas;
  readonly log: Log;
}

/** Sees to it that the streams keep to their caps, and gives up what must go. */
export class Room {
  readonly #parts: RoomParts;
  readonly #caps: ReturnType<typeof capsOf>;
  #wasFull = false;

  constructor(parts: RoomParts) {
    this.#parts = parts;
    this.#caps = capsOf(parts.maxBytes);
  }

  get bytes(): number {
    const { logs, quarantine, schemas } = this.#parts;
    return streamNames.reduce((sum, stream) => sum + logs[stream].bytes, quarantine.bytes + schemas.bytes);
  }

  get hasRoomForResults(): boolean {
    const cap = this.#caps.result;
    return this.#parts.logs.result.bytes + reservedForResults(cap) <= cap.bytes;
  }

  /** Something was refused or given up for want of room, and not much has been delivered since. */
  get isFull(): boolean {
    const isRoomy = (stream: StreamName) => this.#parts.logs[stream].bytes < this.#caps[stream].bytes * ROOMY;
    if (this.bytes < this.#parts.maxBytes * ROOMY && streamNames.every(isRoomy)) this.#wasFull = false;
    return this.#wasFull || !this.hasRoomForResults;
  }

  /** Makes room for records of a stream; throws SpoolFull when others may not go for them. */
  async make(stream: StreamName, bytes: number): Promise<void> {
    const log = this.#parts.logs[stream];
    const cap = this.#caps[stream].bytes;
    const isTooMuch = () => log.bytes + bytes + ROOM_FOR_GAPS > cap;
    if (isTooMuch()) await log.reclaim();
    while (isTooMuch()) await this.#dropOrThrow(stream, rules[stream].dropsOwn ? [stream] : []);
    const all = bytes + streamNames.length * ROOM_FOR_GAPS;
    while (this.bytes + all > this.#parts.maxBytes) await this.#dropOrThrow(stream, rules[stream].displaces);
  }

  /** Makes room for a gap of a stream, as far as that is possible: it is kept in any case. */
  async makeForGap(stream: StreamName): Promise<void> {
    const log = this.#parts.logs[stream];
    while (log.bytes + GAP_BYTES > this.#caps[stream].bytes || this.bytes + GAP_BYTES > this.#parts.maxBytes)
      if (!(await this.#drop([stream], "spool-full"))) return;
  }

  /** Gives something up because the disk is full. False when nothing may go for this stream. */
  dropFor(stream: StreamName, isGap: boolean): Promise<boolean> {
    return this.#drop(isGap ? [...rules[stream].displaces, stream] : rules[stream].displaces, "disk-low");
  }

  /** Schemas of records that are gone take no room for long. */
  forgetSchemas(): Promise<void> {
    return this.#parts.schemas.retain(() => this.#parts.logs.telemetry.schemas);
  }

  async #dropOrThrow(stream: StreamName, candidates: readonly StreamName[]): Promise<void> {
    this.#wasFull = true;
    if (!(await this.#drop(candidates, "spool-full"))) throw new SpoolFull(stream, "spool-full");
  }

  async #drop(candidates: readonly StreamName[], reason: GapReason): Promise<boolean> {
    for (const each of candidates) {
      if (!(await this.#parts.logs[each].dropOldest(reason))) continue;
      await this.forgetSchemas();
      this.#parts.log.warn("records given up", { stream: each, reason });
      return true;
    }
    return false;
  }
}

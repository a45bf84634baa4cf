import { streamNames, type StreamName } from "@edgemere/protocol";

/** Room of one stream. */
export interface StreamCap {
  readonly bytes: number;
  /** A segment that has grown to this is closed; whole segments are given up at a time. */
  readonly segmentBytes: number;
}

/** What becomes of a stream when there is no room for its next record. */
interface StreamRule {
  /** Its oldest records make room for its newest; otherwise the newest is refused. */
  readonly dropsOwn: boolean;
  /** Its records are not kept while the disk is nearly full. */
  readonly isRefusedWhenLow: boolean;
  /** A record that is not kept is counted. Whoever reports a result keeps it until it is kept here. */
  readonly isCountedWhenRefused: boolean;
  /** Whose oldest records make room for its own when all streams together are at their cap, or the disk is full. */
  readonly displaces: readonly StreamName[];
}

export const rules: Readonly<Record<StreamName, StreamRule>> = {
  result: {
    dropsOwn: false,
    isRefusedWhenLow: false,
    isCountedWhenRefused: false,
    displaces: ["telemetry", "log", "event"],
  },
  event: {
    dropsOwn: true,
    isRefusedWhenLow: false,
    isCountedWhenRefused: true,
    displaces: ["telemetry", "log", "event"],
  },
  telemetry: { dropsOwn: true, isRefusedWhenLow: true, isCountedWhenRefused: true, displaces: ["telemetry"] },
  log: { dropsOwn: false, isRefusedWhenLow: true, isCountedWhenRefused: true, displaces: [] },
};

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
/** The size for which the caps below are meant; in a smaller spool they shrink with it, in a larger one only telemetry gains. */
const WHOLE = 256 * MEBIBYTE;
const largest = { result: 16 * MEBIBYTE, event: 64 * MEBIBYTE, log: 64 * MEBIBYTE };
const LARGEST_SEGMENT = 256 * KIBIBYTE;
const SMALLEST_SEGMENT = 4 * KIBIBYTE;
// In a small spool a sixteenth would hold the results of a handful of commands.
const SMALLEST_RESULT = 256 * KIBIBYTE;
const SEGMENTS = 16;
const RESERVED_SHARE = 0.25;

/** The streams' caps in a spool of this size. They may overlap: all streams together keep to the size itself. */
export function capsOf(maxBytes: number): Readonly<Record<StreamName, StreamCap>> {
  const share = Math.min(1, maxBytes / WHOLE);
  const bytes: Readonly<Record<StreamName, number>> = {
    result: Math.max(largest.result * share, Math.min(SMALLEST_RESULT, maxBytes / 4)),
    event: largest.event * share,
    telemetry: maxBytes,
    log: largest.log * share,
  };
  const capOf = (stream: StreamName): StreamCap => ({
    bytes: Math.floor(bytes[stream]),
    segmentBytes: segmentBytesOf(bytes[stream]),
  });
  return Object.fromEntries(streamNames.map((stream) => [stream, capOf(stream)])) as Record<StreamName, StreamCap>;
}

/** The part of the results' room that is left for commands that were accepted already. */
export const reservedForResults = ({ bytes }: StreamCap): number => Math.floor(bytes * RESERVED_SHARE);

const segmentBytesOf = (cap: number): number =>
  Math.floor(Math.min(LARGEST_SEGMENT, Math.max(cap / SEGMENTS, Math.min(SMALLEST_SEGMENT, cap / 4))));

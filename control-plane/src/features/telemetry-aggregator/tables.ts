import { HOUR } from "@edgemere/protocol/kit";
import type { Dated } from "../../platform/dating.ts";
import { keyOf, rangeOf } from "../../platform/keys.ts";
import { table } from "../../platform/resource.ts";
import { InvalidCursor } from "../../platform/cursor.ts";

const HOUR_DIGITS = 16;
const PART_DIGITS = 5;
// The last instant that a date can say.
export const FARTHEST = 8.64e15;

/** What is known of a device's telemetry as a whole. */
export interface Summary {
  /** The device. */
  readonly id: string;
  readonly version: number;
  /** The longest time a report speaks of: how far before an instant a chunk that holds it can begin. */
  readonly longestSpan: number;
  /** The longest time for which a value of it may stand in rows that have none; absent where none does. */
  readonly longestHold?: number;
  /** Some of its samples came with sketches. */
  readonly hasSketches?: boolean;
  /** How the samples that begin last were dated. */
  readonly newest: Dated & { readonly firstAt: number; readonly clockPeriod: number };
  /** Values in reports that are not merged yet. */
  readonly unmerged: number;
  /** When reports are to be merged next; absent when there are none. */
  readonly mergeAt?: number | undefined;
}
export const summaries = table<Summary>("telemetrysummary", {
  due: ({ mergeAt }) => (mergeAt === undefined ? [] : [[mergeAt]]),
});
/** Where the names of a device's series lie, and their newest values. */
export const seriesListKey = (device: string) => keyOf("telemetryseries", device);
export const latestKey = (device: string) => keyOf("telemetrylatest", device);

/** Samples that were made, or should have been, and will never come. */
export interface KnownGap {
  readonly id: string;
  readonly device: string;
  readonly from: number;
  readonly to: number;
  readonly records: number;
  readonly reason: string;
  readonly receivedAt: number;
}
export const knownGaps = table<KnownGap>("telemetrygap", {
  device: ({ device, to }) => [[device, to]],
  received: ({ receivedAt }) => [[receivedAt]],
});

/** Where the samples of one report lie until they are merged: by device and corrected instant of the first. */
export const reportKey = (device: string, firstAt: number, sequence: number) =>
  keyOf("telemetry", device, firstAt, sequence);
export const reportsBetween = (device: string, from: number, to: number) => ({
  gte: keyOf("telemetry", device, from),
  // One more, so that reports that begin at `to` are in.
  lt: keyOf("telemetry", device, to + 1),
});
export const reportsBefore = (device: string, instant: number) => ({
  gte: reportsOf(device).gte,
  lt: keyOf("telemetry", device, instant),
});
export const reportsOf = (device: string) => rangeOf("telemetry", device);

/** Where the sketches lie that a report brought: never merged, by device and corrected instant of its first sample. */
export const sketchedKey = (device: string, firstAt: number, sequence: number) =>
  keyOf("telemetrysketch", device, firstAt, sequence);
/** Of reports that begin at the one instant or later, and before the other. */
export const sketchedBetween = (device: string, from: number, to: number) => ({
  gte: keyOf("telemetrysketch", device, Math.max(0, from)),
  lt: keyOf("telemetrysketch", device, to),
});

/** Merged samples of the reports of one device that begin in one hour, in parts of a bounded size. */
export interface MergedChunk {
  readonly id: string;
  readonly device: string;
  /** When the hour begins. */
  readonly hour: number;
  readonly part: number;
  /** Its first instant and its last. */
  readonly from: number;
  readonly to: number;
  /** Instants times series. */
  readonly cells: number;
  readonly bytes: number;
  /** When the last of it arrived. */
  readonly receivedAt: number;
}
export const mergedChunks = table<MergedChunk>("telemetrychunk", {
  // Late samples are kept as long as others from when they came.
  age: ({ to, receivedAt }) => [[Math.max(to, receivedAt)]],
});
export const hourOf = (instant: number): number => Math.floor(instant / HOUR) * HOUR;
/** Sorts by device, hour and part. */
export const chunkId = (device: string, hour: number, part: number) =>
  `${device}/${String(hour).padStart(HOUR_DIGITS, "0")}/${String(part).padStart(PART_DIGITS, "0")}`;
/** Where its samples lie. */
export const chunkKey = (id: string) => keyOf("telemetrychunk", id);
export const chunksBetween = (device: string, from: number, to: number) => ({
  gte: chunkKey(chunkId(device, hourOf(Math.max(0, from)), 0)),
  lt: chunkKey(chunkId(device, hourOf(Math.min(to, FARTHEST)) + HOUR, 0)),
});

/** Samples whose time cannot be true. */
export interface Doubtful {
  readonly id: string;
  readonly device: string;
  readonly sequence: number;
  /** Instant of the first row as the device wrote it, and what is to be added to it by what the device knew of its clock. */
  readonly deviceAt: number;
  readonly offset: number;
  readonly rows: number;
  readonly receivedAt: number;
}
export const doubtful = table<Doubtful>("telemetrydoubtful", {
  device: ({ device, sequence }) => [[device, sequence]],
  received: ({ receivedAt }) => [[receivedAt]],
});
/** Where the samples of such a row lie. */
export const doubtfulKey = (id: string) => keyOf("doubtfulsamples", id);

/** The log of which reports arrived together, in the order in which they landed: kept for whoever passes samples on. */
export const ARRIVALS = "telemetryarrival";
/** After a key, and before an instant of landing. Throws InvalidCursor when the key can be none of these. */
export function arrivalsBetween(after: string | undefined, instant?: number) {
  const { gte, lt } = rangeOf(ARRIVALS);
  if (after !== undefined && (after < gte || after >= lt)) throw new InvalidCursor();
  return {
    gte: after === undefined ? gte : `${after}\u0000`,
    lt: instant === undefined ? lt : keyOf(ARRIVALS, instant),
  };
}

/** How far the forgetting of a device's telemetry has come. */
export interface ForgettingProgress {
  /** The device. */
  readonly id: string;
  /** Version of the forgetting that it is about: who wants more forgotten begins anew. */
  readonly asked: number;
  /** From which of the windows on they are still to be looked at. */
  readonly windowsFrom: string;
}
/** There is none until all samples are gone. */
export const forgettingProgress = table<ForgettingProgress>("forgettingprogress");

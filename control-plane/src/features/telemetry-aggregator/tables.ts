import { keyOf, rangeOf } from "../../platform/keys.ts";
import { table } from "../../platform/resource.ts";

/** The newest value of one series. */
export interface LatestValue {
  readonly metric: string;
  readonly instance: string;
  readonly at: number;
  readonly value: number;
}

/** What is known of a device's telemetry as a whole. */
export interface Summary {
  /** The device. */
  readonly id: string;
  readonly version: number;
  /** The longest time a chunk speaks of: how far before an instant a chunk that holds it can begin. */
  readonly longestSpan: number;
  readonly latest: readonly LatestValue[];
}
export const summaries = table<Summary>("telemetrysummary");

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

/** Where a chunk of samples lies: by device and corrected instant of its first row. */
export const chunkKey = (device: string, firstAt: number, sequence: number) =>
  keyOf("telemetry", device, firstAt, sequence);
export const chunksBetween = (device: string, from: number, to: number) => ({
  gte: keyOf("telemetry", device, from),
  // One more, so that chunks that begin at `to` are in.
  lt: keyOf("telemetry", device, to + 1),
});
export const chunksOf = (device: string) => rangeOf("telemetry", device);

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

/** Where the keys of chunks lie that arrived together: by time of arrival, so that the oldest are found at once. */
export const arrivalKey = (receivedAt: number, device: string, sequence: number) =>
  keyOf("telemetryarrival", receivedAt, device, sequence);
export const arrivalsBefore = (instant: number) => ({
  gte: rangeOf("telemetryarrival").gte,
  lt: keyOf("telemetryarrival", instant),
});

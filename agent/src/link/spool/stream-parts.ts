import type { BegunStreams } from "./begun-streams.ts";
import type { OpenParts } from "./open-segments.ts";

/** What a stream's files need. */
export interface StreamParts extends Omit<OpenParts, "hasBegun"> {
  readonly begun: BegunStreams;
  /** A segment that has grown to this is closed and a new one begun. Whole segments are given up at a time. */
  readonly segmentBytes: number;
  /** Told of what went wrong on the disk and was put right here. */
  readonly onFailure: (error: unknown) => void;
}

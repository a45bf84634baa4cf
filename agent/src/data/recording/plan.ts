/** What fills the directory of a source. Durations are milliseconds. */
export type RecordingPlan = StreamPlan;

/** A program of this host whose lines are recorded, in closed segments. */
export interface StreamPlan {
  readonly kind: "stream";
  readonly argv: readonly [string, ...string[]];
  /** Who runs it; the agent's own user when absent. */
  readonly user?: string;
  /** A segment is closed when it is so old or has so many bytes. */
  readonly segment: { readonly time: number; readonly bytes: number };
  /** All segments together; the oldest go. */
  readonly keepBytes: number;
  /** The program is held up when it says more in a second. */
  readonly bytesPerSecond: number;
}

/** What is wrong with what fills a source, and when it is tried again (wall clock). */
export interface Condition {
  readonly reason: string;
  readonly nextTryAt: number;
}

import type { RecordBody, StreamName } from "@edgemere/protocol";

/** An instant as the device's clock showed it. */
export interface Moment {
  readonly atMs: number;
  /** Of the clock; 0 where periods are not counted. */
  readonly clockPeriod: number;
}

/** Where a duty puts its records. */
export interface Outbox {
  /**
   * Numbers one record and keeps it; `body` has exactly one member. `made`: when that is not now. Durable when it resolves;
   * rejects when it could not be kept.
   */
  append(stream: StreamName, body: RecordBody, made?: Moment): Promise<void>;
  /** More commands may be taken: their results will find room. Absent where room never ends. */
  readonly hasRoomForResults?: boolean;
}

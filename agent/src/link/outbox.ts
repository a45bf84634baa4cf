import type { RecordBody, StreamName } from "@edgemere/protocol";

/** Where a duty puts its records. */
export interface Outbox {
  /** Numbers one record and keeps it; `body` has exactly one member. Durable when it resolves; rejects when it could not be kept. */
  append(stream: StreamName, body: RecordBody): Promise<void>;
  /** More commands may be taken: their results will find room. Absent where room never ends. */
  readonly hasRoomForResults?: boolean;
}

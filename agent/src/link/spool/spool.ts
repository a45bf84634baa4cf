import { limits, streamNames, type RecordBody, type StreamName } from "@edgemere/protocol";
import { SECOND, type Env } from "@edgemere/protocol/kit";
import type { Outbox } from "../outbox.ts";
import { isDiskFull } from "./disk-full.ts";
import { bothLosses, gapOf, keep, lossOf, type GapReason, type KeptRecord, type Loss } from "./kept-record.ts";
import { StreamLog } from "./stream-log.ts";

interface SpoolParts {
  readonly env: Env;
  /** All streams together never take much more than this. */
  readonly maxBytes: number;
}

/** A record could not be kept. */
export class SpoolFull extends Error {
  readonly reason: GapReason;
  constructor(stream: StreamName, reason: GapReason, options?: ErrorOptions) {
    const why = reason === "disk-low" ? "the disk is nearly full" : "the spool is full";
    super(`a ${stream} record was not kept because ${why}; free space, or raise --spool`, options);
    this.name = "SpoolFull";
    this.reason = reason;
  }
}

interface Waiting {
  readonly stream: StreamName;
  readonly record: KeptRecord;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What becomes of a stream when there is no room. */
const rules: Readonly<Record<StreamName, { readonly mayDrop: boolean; readonly isRefusedWhenLow: boolean }>> = {
  // Whoever reports a result keeps it until it is kept here.
  result: { mayDrop: false, isRefusedWhenLow: false },
  event: { mayDrop: true, isRefusedWhenLow: false },
  telemetry: { mayDrop: true, isRefusedWhenLow: true },
  log: { mayDrop: true, isRefusedWhenLow: true },
};

// A record must fit into a message with what is around it.
const LARGEST_RECORD = limits.messageBytes - 1024;
const LARGEST_SEGMENT = 256 * 1024;
const LOWEST_FREE_BYTES = 256 * 1024 * 1024;
const LOWEST_FREE_SHARE = 0.05;
const LOOK_AT_DISK_EVERY = 10 * SECOND;

/** Keeps records until the control plane has stored them. What does not fit is given up oldest and least important first, and told as a gap. */
export class Spool implements Outbox {
  readonly #parts: SpoolParts;
  readonly #logs: Readonly<Record<StreamName, StreamLog>>;
  /** Refused records that the next one of their stream will tell of. */
  readonly #lost = new Map<StreamName, { readonly reason: GapReason; readonly loss: Loss }>();
  #waiting: Waiting[] = [];
  #tail: Promise<unknown> = Promise.resolve();
  #disk = { isLow: false, lookAgainAt: -Infinity };
  #onKept: () => void = () => {};

  private constructor(parts: SpoolParts, logs: Readonly<Record<StreamName, StreamLog>>) {
    this.#parts = parts;
    this.#logs = logs;
  }

  static async open(parts: SpoolParts): Promise<Spool> {
    const segmentBytes = Math.min(LARGEST_SEGMENT, parts.maxBytes / 16);
    const logs = {} as Record<StreamName, StreamLog>;
    for (const stream of streamNames)
      logs[stream] = await StreamLog.open({ disk: parts.env.disk, stream, segmentBytes });
    return new Spool(parts, logs);
  }

  get bytes(): number {
    return streamNames.reduce((sum, stream) => sum + this.#logs[stream].bytes, 0);
  }

  /** Numbers that the control plane has not acknowledged, all streams together. */
  get unacknowledged(): number {
    return streamNames
      .map((stream) => this.position(stream))
      .reduce((sum, at) => sum + at.next - at.firstUnacknowledged, 0);
  }

  /** Whom to tell that there is something to send. */
  set onKept(listener: () => void) {
    this.#onKept = listener;
  }

  position(stream: StreamName): { readonly firstUnacknowledged: number; readonly next: number } {
    const { firstUnacknowledged, next } = this.#logs[stream];
    return { firstUnacknowledged, next };
  }

  async append(stream: StreamName, body: RecordBody): Promise<void> {
    const record = keep(stream, { ...body, sequence: 1, atMs: Math.max(0, Math.round(this.#parts.env.clock.now())) });
    if (record.payload.length > LARGEST_RECORD)
      throw new RangeError(
        `a ${stream} record of ${record.payload.length} bytes is over the limit of ${LARGEST_RECORD}; send it in parts`,
      );
    return new Promise((resolve, reject) => {
      this.#waiting.push({ stream, record, resolve, reject });
      // What waits when its turn comes shares one sync.
      void this.#inOrder(() => this.#keepWaiting());
    });
  }

  /** Only what the control plane has stored is forgotten. */
  acknowledge(stream: StreamName, upTo: number): Promise<void> {
    return this.#inOrder(() => this.#logs[stream].acknowledge(upTo));
  }

  /** Durable records from a number on, as many as there is room for, at least one when there is one. */
  read(
    stream: StreamName,
    from: number,
    room: { readonly bytes: number; readonly records: number },
  ): Promise<readonly KeptRecord[]> {
    return this.#inOrder(() => this.#logs[stream].read(from, room));
  }

  async close(): Promise<void> {
    await this.#inOrder(() => Promise.all(streamNames.map((stream) => this.#logs[stream].close())));
  }

  #inOrder<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(run);
    this.#tail = turn.catch(() => {});
    return turn;
  }

  async #keepWaiting(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const stream of streamNames) {
      const group = waiting.filter((each) => each.stream === stream);
      if (group.length === 0) continue;
      try {
        await this.#keepGroup(
          stream,
          group.map((each) => each.record),
        );
        for (const each of group) each.resolve();
      } catch (error) {
        for (const each of group) each.reject(error);
      }
    }
    if (waiting.length > 0) this.#onKept();
  }

  async #keepGroup(stream: StreamName, group: readonly KeptRecord[]): Promise<void> {
    const lost = this.#lost.get(stream);
    const gap = lost && [keep(stream, gapOf(1, lost.loss.records, lost.reason, lost.loss))];
    const records = [...(gap ?? []), ...group];
    try {
      await this.#makeRoom(stream, records);
      await this.#write(stream, records);
      this.#lost.delete(stream);
    } catch (error) {
      const reason = error instanceof SpoolFull ? error.reason : "disk-low";
      const loss = group.map(lossOf).reduce(bothLosses);
      if (rules[stream].isRefusedWhenLow)
        this.#lost.set(stream, { reason, loss: lost ? bothLosses(lost.loss, loss) : loss });
      throw error;
    }
  }

  async #makeRoom(stream: StreamName, records: readonly KeptRecord[]): Promise<void> {
    if (rules[stream].isRefusedWhenLow && (await this.#isDiskLow())) throw new SpoolFull(stream, "disk-low");
    const needed = records.reduce((sum, { payload }) => sum + payload.length, 0);
    while (this.bytes + needed > this.#parts.maxBytes)
      if (!(await this.#dropFor(stream, "spool-full"))) throw new SpoolFull(stream, "spool-full");
  }

  async #write(stream: StreamName, records: readonly KeptRecord[]): Promise<void> {
    for (;;) {
      try {
        return await this.#logs[stream].append(records);
      } catch (cause) {
        if (!isDiskFull(cause)) throw cause;
        if (!(await this.#dropFor(stream, "disk-low"))) throw new SpoolFull(stream, "disk-low", { cause });
      }
    }
  }

  /** Gives up the oldest of the least important that is not more important than the stream it is for. */
  async #dropFor(stream: StreamName, reason: GapReason): Promise<boolean> {
    const candidates = streamNames.slice(streamNames.indexOf(stream)).filter((each) => rules[each].mayDrop);
    for (const each of candidates.reverse()) {
      if (!(await this.#logs[each].dropOldest(reason))) continue;
      this.#parts.env.log.warn("records given up", { stream: each, reason });
      return true;
    }
    return false;
  }

  async #isDiskLow(): Promise<boolean> {
    const { clock, disk, log } = this.#parts.env;
    if (clock.monotonic() >= this.#disk.lookAgainAt) {
      const { freeBytes, totalBytes } = await disk.space();
      const isLow = freeBytes < Math.min(LOWEST_FREE_BYTES, totalBytes * LOWEST_FREE_SHARE);
      if (isLow && !this.#disk.isLow) log.warn("the disk is nearly full; telemetry is not kept", { freeBytes });
      this.#disk = { isLow, lookAgainAt: clock.monotonic() + LOOK_AT_DISK_EVERY };
    }
    return this.#disk.isLow;
  }
}

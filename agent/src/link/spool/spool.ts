import {
  limits,
  recordsRemembered,
  streamNames,
  TelemetryWriter,
  type RecordBody,
  type StreamName,
} from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import type { Moment, Outbox } from "../outbox.ts";
import { BegunStreams } from "./begun-streams.ts";
import { capsOf, rules } from "./caps.ts";
import { isDiskFull } from "./disk-full.ts";
import { DiskHealth } from "./disk-health.ts";
import { FreeSpace } from "./free-space.ts";
import { bothLosses, differs, framedBytes, keep, lossOf, unreadable, type KeptRecord } from "./kept-record.ts";
import { KeptSchemas, schemaBytes, type SchemaMessage } from "./kept-schemas.ts";
import { Losses } from "./losses.ts";
import { Quarantine } from "./quarantine.ts";
import { Room, type StreamLogs } from "./room.ts";
import { SpoolFull } from "./spool-full.ts";
import type { SpoolParts } from "./spool-parts.ts";
import { StreamLog } from "./stream-log.ts";
import { inPieces, type Waiting } from "./waiting.ts";

/** Where a stream stands. */
export interface StreamPlace {
  readonly firstUnacknowledged: number;
  readonly next: number;
  /** Of the records that are not acknowledged. */
  readonly bytes: number;
}

interface Opened {
  readonly logs: StreamLogs;
  readonly health: DiskHealth;
  readonly room: Room;
  readonly schemas: KeptSchemas;
}

// A record must fit into a message with what is around it.
const LARGEST_RECORD = limits.messageBytes - 1024;
const QUARANTINE_SHARE = 1 / 16;
// One segment at a time, so that nobody waits for long.
const THIN_EVERY = 10 * SECOND;

/** Keeps records until the control plane has stored them. What does not fit is given up by the rules in caps.ts, and told as a gap. */
export class Spool implements Outbox {
  readonly #parts: SpoolParts;
  readonly #logs: StreamLogs;
  readonly #segmentBytes: Readonly<Record<StreamName, { readonly segmentBytes: number }>>;
  readonly #room: Room;
  readonly #free: FreeSpace;
  readonly #health: DiskHealth;
  readonly #losses: Losses;
  readonly #schemas: KeptSchemas;
  readonly #writer = new TelemetryWriter();
  #waiting: Waiting[] = [];
  #tail: Promise<unknown> = Promise.resolve();
  #thinAt = -Infinity;
  /** Giving something up on a full disk did not help, and no write has succeeded since. */
  #isInVain = false;
  #onKept: () => void = () => {};

  private constructor(parts: SpoolParts, { logs, health, room, schemas }: Opened) {
    this.#parts = parts;
    this.#logs = logs;
    this.#health = health;
    this.#room = room;
    this.#schemas = schemas;
    this.#segmentBytes = capsOf(parts.maxBytes);
    this.#free = new FreeSpace(parts.env, parts.freeBytes);
    this.#losses = new Losses(parts.env.clock, () => this.#inOrder(() => this.#tellLosses()));
  }

  static async open(parts: SpoolParts): Promise<Spool> {
    const { env, maxBytes } = parts;
    const caps = capsOf(maxBytes);
    const begun = await BegunStreams.read(env.disk);
    const quarantine = await Quarantine.open(env, maxBytes * QUARANTINE_SHARE);
    const health = new DiskHealth(env.clock);
    const onFailure = (error: unknown) => {
      env.log.warn("a change of the spool's files failed and is made up for", { error });
      health.failed(error);
    };
    const logs = {} as Record<StreamName, StreamLog>;
    for (const stream of streamNames) {
      const { segmentBytes } = caps[stream];
      logs[stream] = await StreamLog.open({ env, stream, segmentBytes, quarantine, begun, onFailure });
    }
    const schemas = await KeptSchemas.open(env.disk, onFailure);
    const room = new Room({ maxBytes, logs, quarantine, schemas, log: env.log });
    return new Spool(parts, { logs, health, room, schemas });
  }

  get bytes(): number {
    return this.#room.bytes;
  }

  /** Numbers that the control plane has not acknowledged, all streams together. */
  get unacknowledged(): number {
    return streamNames
      .map((stream) => this.#logs[stream])
      .reduce((sum, log) => sum + log.next - log.firstUnacknowledged, 0);
  }

  /** Whether a command may still be accepted: the room that is left is for the results of those that were. */
  get hasRoomForResults(): boolean {
    return this.#room.hasRoomForResults;
  }

  /** Whom to tell that there is something to send. */
  set onKept(listener: () => void) {
    this.#onKept = listener;
  }

  position(stream: StreamName): StreamPlace {
    const { firstUnacknowledged, next, unacknowledgedBytes } = this.#logs[stream];
    return { firstUnacknowledged, next, bytes: unacknowledgedBytes };
  }

  /** What is wrong now, in stable words; empty when all is well. */
  conditions(): readonly string[] {
    const found: Readonly<Record<string, boolean>> = {
      "disk-low": this.#free.wasLow,
      "disk-full": this.#health.isFull,
      "spool-full": this.#room.isFull,
      "disk-failing": this.#health.isFailing,
      "damaged-segments": this.#schemas.isDamaged || streamNames.some((stream) => this.#logs[stream].damaged > 0),
    };
    return Object.keys(found).filter((word) => found[word]);
  }

  async append(stream: StreamName, body: RecordBody, made = this.#now()): Promise<void> {
    const atMs = Math.max(0, Math.round(made.atMs));
    const { telemetry: samples, ...rest } = body;
    const { telemetry, schema } = samples ? this.#writer.write(samples, atMs) : {};
    const place = { sequence: 1, atMs, clockPeriod: made.clockPeriod };
    const record = keep(stream, { ...rest, ...(telemetry && { telemetry }), ...place });
    const bytes = record.payload.length + (schema ? schemaBytes(schema) : 0);
    if (bytes > LARGEST_RECORD)
      throw new RangeError(
        `a ${stream} record of ${bytes} bytes is over the limit of ${LARGEST_RECORD}; send it in parts`,
      );
    return new Promise((resolve, reject) => {
      this.#waiting.push({ stream, record, schema, resolve, reject });
      // What waits when its turn comes shares one sync; the first of them takes the turn.
      if (this.#waiting.length === 1) void this.#inOrder(() => this.#keepWaiting());
    });
  }

  /** Only what the control plane has stored is forgotten. */
  acknowledge(stream: StreamName, upTo: number): Promise<void> {
    return this.#inOrder(async () => {
      await this.#logs[stream].acknowledge(upTo);
      await this.#room.forgetSchemas();
    });
  }

  /** Whether other records are kept here under numbers of which the control plane tells what it has stored. */
  contradicts(stream: StreamName, stored: { readonly upTo: number; readonly checksums: Uint8Array }): Promise<boolean> {
    return this.#inOrder(async () =>
      (await this.#logs[stream].known(stored.upTo, recordsRemembered)).some((each) => differs(each, stored)),
    );
  }

  /** Durable records from a number on, as many as there is room for, at least one when there is one. */
  read(
    stream: StreamName,
    from: number,
    room: { readonly bytes: number; readonly records: number },
  ): Promise<readonly KeptRecord[]> {
    return this.#inOrder(async () =>
      (await this.#logs[stream].read(from, room)).map((each) =>
        this.#isReadable(each) ? each : unreadable(stream, each),
      ),
    );
  }

  /** A schema that records of the spool refer to. */
  schema(name: string): SchemaMessage | undefined {
    return this.#schemas.get(name);
  }

  async close(): Promise<void> {
    await this.#losses[Symbol.asyncDispose]();
    await this.#inOrder(() => Promise.all(streamNames.map((stream) => this.#logs[stream].close())));
  }

  #isReadable({ schema }: KeptRecord): boolean {
    return schema === undefined || this.#schemas.get(schema) !== undefined;
  }

  #now(): Moment {
    return { atMs: this.#parts.env.clock.now(), clockPeriod: this.#parts.clockPeriod?.() ?? 0 };
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
      for (const piece of inPieces(group, this.#segmentBytes[stream].segmentBytes))
        await this.#keepPiece(stream, piece);
    }
    if (waiting.length === 0) return;
    this.#onKept();
    await this.#thin();
  }

  async #keepPiece(stream: StreamName, piece: readonly Waiting[]): Promise<void> {
    const records = piece.map(({ record }) => record);
    const schemas = piece.flatMap(({ schema }) => schema ?? []);
    try {
      if (rules[stream].isRefusedWhenLow && (await this.#free.isLow())) throw new SpoolFull(stream, "disk-low");
      await this.#room.make(stream, framedBytes(records) + this.#schemas.bytesFor(schemas));
      await this.#tellLost(stream);
      await this.#write(stream, false, async () => {
        // A record is worth nothing without its schema; to make room for it that may just have been forgotten.
        await this.#schemas.keep(schemas);
        await this.#logs[stream].append(records);
      });
      for (const each of piece) each.resolve();
    } catch (error) {
      await this.#count(stream, records, error);
      for (const each of piece) each.reject(error);
    }
  }

  async #count(stream: StreamName, records: readonly KeptRecord[], error: unknown): Promise<void> {
    if (!rules[stream].isCountedWhenRefused) return;
    const reason = error instanceof SpoolFull ? error.reason : isDiskFull(error) ? "disk-low" : "damaged";
    const before = this.#losses.of(stream);
    // What cannot be told apart yet is told as one.
    if (before !== undefined && before.reason !== reason) await this.#tellLost(stream).catch(() => {});
    this.#losses.add(stream, reason, records.map(lossOf).reduce(bothLosses));
  }

  async #tellLosses(): Promise<void> {
    for (const stream of this.#losses.streams) {
      await this.#tellLost(stream).catch((error: unknown) =>
        this.#parts.env.log.debug("a loss cannot be written down yet", { stream, error }),
      );
    }
    this.#onKept();
  }

  async #tellLost(stream: StreamName): Promise<void> {
    const lost = this.#losses.of(stream);
    if (lost === undefined) return;
    await this.#room.makeForGap(stream);
    await this.#write(stream, true, () => this.#logs[stream].lose(lost.reason, lost.loss));
    this.#losses.take(stream);
  }

  async #write(stream: StreamName, isGap: boolean, run: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await run();
        this.#isInVain = false;
        return this.#health.succeeded();
      } catch (cause) {
        this.#health.failed(cause);
        if (!isDiskFull(cause)) throw cause;
        if (!(await this.#freeFor(stream, isGap))) throw new SpoolFull(stream, "disk-low", { cause });
      }
    }
  }

  /** False when nothing may go, or when that helped nobody: others may take what becomes free, or it is not bytes that are short. */
  async #freeFor(stream: StreamName, isGap: boolean): Promise<boolean> {
    if (this.#isInVain) return false;
    try {
      return await this.#room.dropFor(stream, isGap);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#isInVain = true;
      return false;
    }
  }

  async #thin(): Promise<void> {
    const { env, thin } = this.#parts;
    if (thin === undefined || env.clock.monotonic() < this.#thinAt) return;
    this.#thinAt = env.clock.monotonic() + THIN_EVERY;
    try {
      await this.#logs.telemetry.thinOldest(env.clock.now() - thin.after, thin.keepEvery);
    } catch (error) {
      env.log.warn("old telemetry could not be thinned out", { error });
    }
  }
}

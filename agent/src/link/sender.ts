import {
  isStreamName,
  limits,
  pack,
  schemaNameFrom,
  streamNames,
  type Packet,
  type StreamName,
  type v1,
} from "@edgemere/protocol";
import { Reconciler, SECOND, type Env } from "@edgemere/protocol/kit";
import type { DeviceClock } from "../clock/device-clock.ts";
import { Alarm } from "./alarm.ts";
import { contentOf, type Content } from "./content.ts";
import { Flight } from "./flight.ts";
import { afterPassage, BACKFILL_RATE, newRoad, roomFor, type Road } from "./road.ts";
import type { KeptRecord } from "./spool/kept-record.ts";
import type { Spool } from "./spool/spool.ts";

export interface SenderParts {
  readonly env: Env;
  readonly device: string;
  readonly epoch: number;
  readonly spool: Spool;
  readonly time: DeviceClock;
  /** Resolves when the broker has it, or the session is over. */
  readonly publish: (packet: Packet) => Promise<void>;
  readonly end: (reason: string) => void;
  /** Told when nothing more can be sent for the moment. */
  readonly settled: () => Promise<void>;
  readonly signal: AbortSignal;
}

const LOOK_AGAIN = 30 * SECOND;
const RESEND_AFTER = 10 * SECOND;
const RESEND_JITTER = 2 * SECOND;
const MOST_RESENDS = 3;
/** So long a broker may take for one batch, on the slowest road. */
const HANDED_OVER_WITHIN = 120 * SECOND;
// What a batch has besides its records: positions, and how to read the times of so many periods.
const BATCH_OVERHEAD = 64 + 32 * limits.clocks;

/** Sends what is kept, most important first, as fast as the road and the control plane allow. */
export class Sender implements AsyncDisposable {
  readonly #parts: SenderParts;
  readonly #loop: Reconciler;
  readonly #alarm: Alarm;
  readonly #flights = new Map<StreamName, Flight>();
  #room = { message: limits.messageBytes, window: limits.windowBytes };
  #pausedUntil = 0;
  #backlogFrom = 0;
  #road: Road;
  #patience: number;
  #handingOverSince: number | undefined;

  /** `answered`: how long the first answer on this road took. */
  constructor(parts: SenderParts, answered: number) {
    this.#parts = parts;
    this.#road = newRoad(answered);
    this.#patience = this.#drawPatience();
    for (const stream of streamNames) this.#flights.set(stream, new Flight(parts.spool.position(stream)));
    const { clock } = parts.env;
    const onError = (error: unknown) => parts.end(error instanceof Error ? error.message : String(error));
    this.#loop = new Reconciler({ name: "send", every: LOOK_AGAIN, step: () => this.#step(), onError }, clock);
    this.#alarm = new Alarm(clock, () => this.#look());
  }

  /** Begins to send; does nothing when it has begun. */
  start(): void {
    this.#loop.start();
  }

  /** There is something new to send. */
  kick(): void {
    this.#loop.kick();
  }

  /** What the control plane asks of this session; it may ask for less than the protocol allows. */
  allow(asked: v1.SessionLimits.$Shape | undefined): void {
    this.#room = {
      message: atMost(limits.messageBytes, asked?.messageBytes),
      window: atMost(limits.windowBytes, asked?.windowBytes),
    };
    const pause = asked?.pauseMs ?? 0;
    this.#pausedUntil = this.#now() + pause;
    if (pause > 0)
      for (const [stream, flight] of this.#flights)
        flight.putOff(this.#parts.spool.position(stream).firstUnacknowledged);
    this.kick();
  }

  /** Gives when the newest batch was sent that this answers. `unknown`: names of schemas that the control plane does not have. */
  async acknowledge(
    acknowledgements: readonly v1.StreamAcknowledgement.$Shape[],
    unknown: readonly Uint8Array[] = [],
  ): Promise<number | undefined> {
    let newest: number | undefined;
    for (const { stream = "", upTo = 0 } of acknowledgements) {
      // A newer control plane may know streams that this agent does not.
      if (!isStreamName(stream)) continue;
      await this.#parts.spool.acknowledge(stream, upTo);
      const answered = this.#flights.get(stream)?.acknowledged(upTo, this.#now());
      if (answered === undefined) continue;
      this.#road = afterPassage(this.#road, answered.passage, this.#room.window);
      this.#patience = this.#drawPatience(answered.passage.took);
      newest = Math.max(newest ?? 0, answered.batch.at);
    }
    this.#defineAgain(unknown.map(schemaNameFrom));
    this.kick();
    return newest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#alarm[Symbol.dispose]();
    await this.#loop[Symbol.asyncDispose]();
  }

  /** What needs a schema that the control plane does not have is sent again, with it. */
  #defineAgain(names: readonly string[]): void {
    for (const [stream, flight] of this.#flights) {
      if (!flight.forget(names)) continue;
      this.#parts.env.log.debug("schemas are not known and are sent again", { stream, schemas: names.join(" ") });
      flight.again(this.#parts.spool.position(stream).firstUnacknowledged);
    }
  }

  #now(): number {
    return this.#parts.env.clock.monotonic();
  }

  /** Where answers take long, asking again would only make it longer. */
  #drawPatience(took = 0): number {
    return Math.max(RESEND_AFTER, 2 * took) + this.#parts.env.random.next() * RESEND_JITTER;
  }

  /** Sends one batch of the most important stream that has something and may send. */
  async #step(): Promise<"more" | "settled"> {
    if (this.#parts.signal.aborted) return "settled";
    this.#sendAgainWhatIsOverdue();
    const now = this.#now();
    if (this.#pausedUntil > now) {
      this.#alarm.set(this.#pausedUntil);
      return "settled";
    }
    for (const [stream, flight] of this.#flights) {
      const isBacklog = (stream === "telemetry" || stream === "log") && flight.isBacklog;
      if (isBacklog && this.#backlogFrom > now) {
        this.#alarm.set(this.#backlogFrom);
        continue;
      }
      const { records, schemas } = this.#fitting(flight, await this.#next(stream, flight, isBacklog));
      if (records.length === 0) continue;
      await this.#send(stream, flight, { records, schemas });
      if (isBacklog) this.#backlogFrom = now + (bytesOf(records) / BACKFILL_RATE) * SECOND;
      return "more";
    }
    this.#setAlarm();
    await this.#parts.settled();
    return "settled";
  }

  async #next(stream: StreamName, flight: Flight, isBacklog: boolean): Promise<readonly KeptRecord[]> {
    if (flight.next >= this.#parts.spool.position(stream).next) return [];
    const window = { ...this.#road, window: Math.min(this.#road.window, this.#room.window) };
    const room = roomFor(window, flight.bytes, isBacklog);
    // One record may be larger than that: it waits until nothing else of its stream is under way.
    if (room <= 0 && flight.bytes > 0) return [];
    const bytes = Math.min(room, this.#room.message - BATCH_OVERHEAD);
    const records = await this.#parts.spool.read(stream, flight.next, { bytes, records: limits.batchRecords });
    const isTooLarge = flight.bytes > 0 && (records[0]?.payload.length ?? 0) > room;
    return isTooLarge ? [] : records;
  }

  #fitting(flight: Flight, records: readonly KeptRecord[]): Content {
    const isKnown = (name: string) => flight.knows(name);
    const schema = (name: string) => this.#parts.spool.schema(name);
    return contentOf(records, { isKnown, schema, bytes: this.#room.message - BATCH_OVERHEAD });
  }

  async #send(stream: StreamName, flight: Flight, { records, schemas }: Content): Promise<void> {
    const { spool, device, epoch, time, publish } = this.#parts;
    const batch = {
      records: records.map(({ record }) => record),
      firstUnacknowledged: spool.position(stream).firstUnacknowledged,
      sessionEpoch: epoch,
      clocks: [...time.offsets(new Set(records.map(({ record }) => record.clockPeriod)))],
      schemas: [...schemas],
    };
    flight.sent(records, this.#now());
    this.#handingOverSince = this.#now();
    this.#alarm.set(this.#now() + HANDED_OVER_WITHIN);
    await publish(pack(stream, { device }, batch));
    this.#handingOverSince = undefined;
    flight.handedOver(this.#now());
  }

  #sendAgainWhatIsOverdue(): void {
    const { spool, env, end } = this.#parts;
    for (const [stream, flight] of this.#flights) {
      const { waitingSince } = flight;
      if (waitingSince === undefined || this.#now() - waitingSince < this.#patience) continue;
      if (flight.resends >= MOST_RESENDS) return end("the control plane did not acknowledge what was sent");
      env.log.debug("not acknowledged, sent again", { stream, resends: flight.resends + 1 });
      flight.again(spool.position(stream).firstUnacknowledged);
      this.#patience = this.#drawPatience();
    }
  }

  #setAlarm(): void {
    const waiting = [...this.#flights.values()].flatMap(({ waitingSince }) => waitingSince ?? []);
    this.#alarm.set(Math.min(...waiting) + this.#patience);
  }

  #look(): void {
    const limit = (this.#handingOverSince ?? Infinity) + HANDED_OVER_WITHIN;
    if (this.#now() >= limit) return this.#parts.end("the broker does not take what is sent");
    this.#alarm.set(limit);
    this.kick();
  }
}

/** 0 asks for nothing. */
const atMost = (limit: number, asked = 0): number => (asked === 0 ? limit : Math.min(asked, limit));

const bytesOf = (records: readonly KeptRecord[]): number =>
  records.reduce((sum, { payload }) => sum + payload.length, 0);

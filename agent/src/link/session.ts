import {
  isStreamName,
  limits,
  open,
  pack,
  ProtocolError,
  streamNames,
  unpack,
  type Arrival,
  type KeyFinder,
  type StreamName,
  type Sync,
  type v1,
} from "@edgemere/protocol";
import { Reconciler, SECOND, type Env } from "@edgemere/protocol/kit";
import type { CommandDuty } from "./down.ts";
import { Flight } from "./flight.ts";
import type { ServerTime } from "./server-time.ts";
import type { KeptRecord } from "./spool/kept-record.ts";
import type { Spool } from "./spool/spool.ts";
import type { Connection, Transport } from "./transport.ts";

/** What a Hello says that does not change while the agent runs. */
export interface Introduction {
  readonly bootId: string;
  readonly agentVersion: string;
  /** Optional duties; the command duty adds its own. */
  readonly capabilities: readonly string[];
  readonly lastExitReason: string;
  readonly keyringVersion: number;
}

export interface SessionParts {
  readonly env: Env;
  readonly device: string;
  readonly transport: Transport;
  readonly spool: Spool;
  readonly duty: CommandDuty;
  readonly findKey: KeyFinder;
  readonly time: ServerTime;
  readonly introduction: Introduction;
}

/** Longest silence after something that must be answered. */
const ANSWER_WITHIN = 30 * SECOND;
const WATCH_EVERY = 5 * SECOND;
const LOOK_AGAIN = 30 * SECOND;
const LAST_WORDS = 2 * SECOND;
// What a batch has besides its records.
const BATCH_OVERHEAD = 64;
// A control plane that says more than this before it is heard out says nothing this device could use.
const MOST_WAITING = 1_000;

/** One connection, from Hello to its end. Everything that must outlive it is in the spool and the journal. */
export class Session {
  readonly #parts: SessionParts;
  readonly #epoch: number;
  readonly #ended = new AbortController();
  readonly #sender: Reconciler;
  readonly #watch: Reconciler;
  readonly #flights = new Map<StreamName, Flight>();
  #connection: Connection | undefined;
  #arrivals: Promise<void> = Promise.resolve();
  #waiting = 0;
  readonly #refusals = new Map<string, number>();
  #helloAt: number | undefined;
  /** When to say hello once more, because something of what came could not be done. */
  #askAgainAt: number | undefined;
  #room = { message: limits.messageBytes, window: limits.windowBytes, pausedUntil: 0 };

  constructor(parts: SessionParts, epoch: number) {
    this.#parts = parts;
    this.#epoch = epoch;
    const { clock } = parts.env;
    const onError = (error: unknown) => this.#end(messageOf(error));
    this.#sender = new Reconciler({ name: "send", every: LOOK_AGAIN, step: () => this.#send(), onError }, clock);
    this.#watch = new Reconciler({ name: "watch", every: WATCH_EVERY, step: async () => this.#look(), onError }, clock);
  }

  /** The control plane has answered, and nothing has ended the session yet. */
  get isEstablished(): boolean {
    return this.#flights.size > 0 && !this.#ended.signal.aborted;
  }

  /** There is something new to send. */
  kick(): void {
    this.#sender.kick();
  }

  /** Resolves with the reason when the session has ended; throws ConnectError when there never was one. */
  async run(stop: AbortSignal): Promise<string> {
    const { transport, device } = this.#parts;
    const will = pack("bye", { device }, { sessionEpoch: this.#epoch, reason: "connection lost" });
    const events = {
      arrived: (topic: string, payload: Uint8Array) => this.#arrived(topic, payload),
      lost: (reason: string) => this.#end(reason),
    };
    const connection = await transport.connect({ will }, events, stop);
    this.#connection = connection;
    const stopped = () => this.#end("stopped");
    stop.addEventListener("abort", stopped);
    try {
      if (stop.aborted) stopped();
      this.#watch.start();
      void this.#hello();
      await aborted(this.#ended.signal);
      if (stop.aborted) await this.#sayGoodbye(connection);
    } finally {
      stop.removeEventListener("abort", stopped);
      await connection.close();
      await this.#sender[Symbol.asyncDispose]();
      await this.#watch[Symbol.asyncDispose]();
      await this.#arrivals;
    }
    return this.#ended.signal.reason as string;
  }

  #end(reason: string): void {
    if (!this.#ended.signal.aborted) this.#ended.abort(reason);
  }

  async #hello(): Promise<void> {
    const { env, spool, duty, introduction, device } = this.#parts;
    const { highSequence, open: openCommands } = duty.status();
    this.#helloAt = env.clock.monotonic();
    const hello = pack(
      "hello",
      { device },
      {
        ...introduction,
        sessionEpoch: this.#epoch,
        capabilities: [...duty.capabilities, ...introduction.capabilities],
        streams: streamNames.map((stream) => ({ stream, ...spool.position(stream) })),
        commandHighSequence: highSequence,
        openCommands: [...openCommands],
        time: { wallMs: Math.max(0, Math.round(env.clock.now())), monotonicMs: env.clock.monotonic() },
        spoolBytes: spool.bytes,
      },
    );
    await this.#publish(hello);
  }

  async #publish(packet: Parameters<Connection["publish"]>[0]): Promise<void> {
    try {
      await this.#connection?.publish(packet);
    } catch (error) {
      this.#end(messageOf(error));
    }
  }

  async #sayGoodbye(connection: Connection): Promise<void> {
    const { device, env } = this.#parts;
    const bye = pack("bye", { device }, { sessionEpoch: this.#epoch, reason: "stopped" });
    const said = new AbortController();
    await Promise.race([connection.publish(bye).catch(() => {}), env.clock.sleep(LAST_WORDS, said.signal)]);
    said.abort();
  }

  #arrived(topic: string, payload: Uint8Array): void {
    if (this.#ended.signal.aborted) return;
    if (this.#waiting >= MOST_WAITING) return this.#end("the control plane says more than can be heard");
    this.#waiting += 1;
    this.#arrivals = this.#arrivals.then(async () => {
      try {
        if (!this.#ended.signal.aborted) await this.#handle(unpack(topic, payload));
      } catch (error) {
        this.#refuse(topic, error);
      } finally {
        this.#waiting -= 1;
      }
    });
  }

  /** Bytes that make no sense are not worth a connection; whatever else went wrong is put right by the next Sync, which is asked for. */
  #refuse(topic: string, error: unknown): void {
    const kind = error instanceof ProtocolError ? error.reason : "failed";
    if (kind === "failed") this.#askAgainAt ??= this.#parts.env.clock.monotonic() + LOOK_AGAIN;
    const count = (this.#refusals.get(kind) ?? 0) + 1;
    this.#refusals.set(kind, count);
    if (kind === "failed" || count === 1)
      this.#parts.env.log.warn("message not handled", { topic, kind, error: messageOf(error) });
  }

  async #handle(arrival: Arrival): Promise<void> {
    const { name, device, message } = arrival;
    if (device !== this.#parts.device) throw new ProtocolError("not-yours", "the message is for another device");
    if (name === "sync") return this.#sync(message);
    if (name === "ack") return this.#acknowledge(message.acknowledgements);
    if (name === "command") return this.#parts.duty.receive([message]);
    throw new ProtocolError("wrong-direction", `${name} is not for a device to hear`);
  }

  async #sync(sync: Sync): Promise<void> {
    const { env, spool, duty, findKey, time, device } = this.#parts;
    // A late answer to an earlier session knows less than is known here.
    if (sync.sessionEpoch !== this.#epoch) return;
    const head = open("syncHead", sync.head ?? {}, findKey);
    if (head.device !== device) throw new ProtocolError("not-yours", "the head of this sync is for another device");
    time.hear(head.asOfMs);
    this.#helloAt = undefined;

    const { messageBytes, windowBytes, pauseMs } = sync.limits ?? {};
    this.#room = {
      message: Math.min(messageBytes || limits.messageBytes, limits.messageBytes),
      window: Math.min(windowBytes || limits.windowBytes, limits.windowBytes),
      pausedUntil: env.clock.monotonic() + (pauseMs ?? 0),
    };
    await this.#acknowledge(sync.acknowledgements);
    if (this.#flights.size === 0) {
      for (const stream of streamNames)
        this.#flights.set(stream, new Flight(spool.position(stream).firstUnacknowledged));
      env.log.info("connected", { epoch: this.#epoch });
      this.#sender.start();
    }
    this.#sender.kick();

    const before = duty.status().highSequence;
    if (sync.commands.length > 0) await duty.receive(sync.commands);
    if (head.cancelledCommands.length > 0) await duty.cancel(head.cancelledCommands);
    // Asked for only when this page was of use; otherwise the control plane sends a new Sync by itself.
    if (sync.moreCommands && duty.status().highSequence > before) await this.#hello();
  }

  async #acknowledge(acknowledgements: readonly v1.StreamAcknowledgement.$Shape[]): Promise<void> {
    const { spool, env } = this.#parts;
    for (const { stream = "", upTo = 0 } of acknowledgements) {
      // A newer control plane may know streams that this agent does not.
      if (!isStreamName(stream)) continue;
      await spool.acknowledge(stream, upTo);
      this.#flights.get(stream)?.acknowledged(upTo, env.clock.monotonic());
    }
    this.#sender.kick();
  }

  /** Sends one batch of the most important stream that has something and may send. */
  async #send(): Promise<"more" | "settled"> {
    const { env, spool, device } = this.#parts;
    if (this.#ended.signal.aborted) return "settled";
    const pause = this.#room.pausedUntil - env.clock.monotonic();
    if (pause > 0) await env.clock.sleep(pause, this.#ended.signal);
    for (const [stream, flight] of this.#flights) {
      const window = this.#room.window - flight.bytes;
      if (window <= 0) continue;
      const records = await this.#next(stream, flight, window);
      if (records.length === 0) continue;
      const batch = {
        records: records.map(({ record }) => record),
        firstUnacknowledged: spool.position(stream).firstUnacknowledged,
        sessionEpoch: this.#epoch,
      };
      flight.sent(records, env.clock.monotonic());
      await this.#publish(pack(stream, { device }, batch));
      return "more";
    }
    return "settled";
  }

  async #next(stream: StreamName, flight: Flight, window: number): Promise<readonly KeptRecord[]> {
    const bytes = Math.min(window, this.#room.message - BATCH_OVERHEAD);
    const records = await this.#parts.spool.read(stream, flight.next, { bytes, records: limits.batchRecords });
    // One record may be larger than what is left of the window: it waits until nothing else is under way.
    const isTooLarge = flight.bytes > 0 && (records[0]?.payload.length ?? 0) > window;
    return isTooLarge ? [] : records;
  }

  #look(): "settled" {
    const now = this.#parts.env.clock.monotonic();
    const since = (moment: number | undefined) => moment !== undefined && now - moment >= ANSWER_WITHIN;
    if (since(this.#helloAt)) this.#end("the control plane did not answer the hello");
    if (this.#askAgainAt !== undefined && now >= this.#askAgainAt) {
      this.#askAgainAt = undefined;
      void this.#hello();
    }
    if ([...this.#flights.values()].some((flight) => since(flight.waitingSince)))
      this.#end("the control plane did not acknowledge what was sent");
    return "settled";
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

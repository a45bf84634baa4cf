import {
  isStreamName,
  limits,
  pack,
  ProtocolError,
  seal,
  unpack,
  type Arrival,
  type Bye,
  type Hello,
  type Packet,
  type RecordBatch,
  type SigningKey,
  type StreamName,
} from "@edgemere/protocol";
import type { Clock, Log } from "@edgemere/protocol/kit";
import type { DeviceLink, DeviceSession } from "../platform/device-link.ts";
import type { Feature, SessionNews } from "../platform/feature.ts";
import { repeatOnConflict } from "../platform/repeat.ts";
import type { Store } from "../platform/store.ts";
import { Ingest } from "./ingest.ts";
import { Refusals } from "./refusals.ts";

/** What carries packets to devices: the embedded broker, an external one, or a simulated network. */
export interface Carrier {
  send(packet: Packet): Promise<void>;
  disconnect(device: string, reason: string): void;
}

/** What a carrier tells: the device side of the link. */
export interface DeviceMessages {
  /** Gives the link its way out. Before that, and after `undefined`, nothing is sent. */
  attach(carrier: Carrier | undefined): void;
  /**
   * A device's message. Resolves when it is durable, so that the broker may say PUBACK. Bytes that make no sense are
   * counted and dropped; other errors are thrown: then the device must not believe that it was heard.
   */
  arrived(device: string, topic: string, payload: Uint8Array, address: string): Promise<void>;
  /** The transport lost a device without a word; presence follows from its will or from silence. */
  dropped(device: string): void;
  /** Counts bytes that were refused before they came here. */
  refuse(device: string, error: ProtocolError): void;
}

export interface LinkParts<C> {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly features: readonly Feature<C>[];
  readonly context: C;
  readonly signingKey: SigningKey;
  readonly keyringVersion: number;
}

interface LiveSession extends DeviceSession {
  lastHeardAt: number;
}

/**
 * The device side of the control plane, without a transport: what arrives goes to the features and is stored before it
 * is acknowledged; what waits for a device is sent. Sessions live in memory only: every one begins with a Hello.
 */
export class Link<C> implements DeviceLink, DeviceMessages {
  readonly #parts: LinkParts<C>;
  readonly #ingest: Ingest<C>;
  readonly #refusals: Refusals;
  readonly #sessions = new Map<string, LiveSession>();
  /** Devices whose last Sync could not hold all that waits for them. */
  readonly #isMoreWaiting = new Set<string>();
  /** Messages of one device are handled one after another; devices do not wait for each other. */
  readonly #tails = new Map<string, Promise<void>>();
  #carrier: Carrier | undefined;

  constructor(parts: LinkParts<C>) {
    this.#parts = parts;
    this.#ingest = new Ingest(parts);
    this.#refusals = new Refusals(parts.log);
  }

  attach(carrier: Carrier | undefined): void {
    this.#carrier = carrier;
  }

  sessions(): readonly DeviceSession[] {
    return [...this.#sessions.values()];
  }

  session(device: string): DeviceSession | undefined {
    return this.#sessions.get(device);
  }

  refusals(): Readonly<Record<string, number>> {
    return this.#refusals.totals();
  }

  refuse(device: string, error: ProtocolError): void {
    this.#refusals.count(device, error);
  }

  async send(device: string, packet: Packet): Promise<void> {
    if (this.#sessions.has(device)) await this.#carrier?.send(packet);
  }

  disconnect(device: string, reason: string): void {
    this.#carrier?.disconnect(device, reason);
  }

  resync(device: string): void {
    if (!this.#sessions.has(device)) return;
    void this.#inOrder(device, () => this.#sync(device)).catch((error: unknown) =>
      this.#parts.log.warn("sync not sent", { device, error }),
    );
  }

  async arrived(device: string, topic: string, payload: Uint8Array, address: string): Promise<void> {
    const arrival = this.#read(device, topic, payload);
    if (arrival !== undefined) await this.#inOrder(device, () => this.#handle(arrival, address));
  }

  dropped(device: string): void {
    // In its turn: a Hello that is still being stored would bring the session back, and nobody would ever end it.
    void this.#inOrder(device, async () => {
      this.#sessions.delete(device);
      this.#isMoreWaiting.delete(device);
      this.#ingest.forget(device);
    });
  }

  #read(device: string, topic: string, payload: Uint8Array): Arrival | undefined {
    try {
      const arrival = unpack(topic, payload);
      if (arrival.device !== device) throw new ProtocolError("not-yours", "a device may speak for itself only");
      return arrival;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refusals.count(device, error);
      return undefined;
    }
  }

  async #handle({ name, device, message }: Arrival, address: string): Promise<void> {
    const session = this.#sessions.get(device);
    if (session) session.lastHeardAt = this.#parts.clock.now();
    if (name === "hello") return this.#opened(device, message, address);
    if (name === "bye") return this.#closed(device, message);
    if (isStreamName(name)) return this.#received(device, name, message as RecordBatch);
    this.#refusals.count(device, new ProtocolError("wrong-direction", `${name} is not for devices to say`));
  }

  async #opened(device: string, hello: Hello, address: string): Promise<void> {
    const { clock } = this.#parts;
    const live = this.#sessions.get(device);
    // On its way since an earlier connection: the device is past it.
    if (live !== undefined && hello.sessionEpoch < live.epoch) return;
    const now = clock.now();
    const clockOffset = hello.time ? (hello.time.wallMs ?? now) - now : 0;
    const { bootId, agentVersion, capabilities, lastExitReason } = hello;
    const details = { bootId, agentVersion, capabilities: [...capabilities], lastExitReason, clockOffset };
    await this.#tell({ device, epoch: hello.sessionEpoch, kind: "opened", reason: "hello", hello: details });
    this.#sessions.set(device, { device, epoch: hello.sessionEpoch, since: now, lastHeardAt: now, address });
    await this.#sync(device);
  }

  async #closed(device: string, bye: Bye): Promise<void> {
    const session = this.#sessions.get(device);
    // A will may come minutes late: it speaks only of the session it was made for.
    if (session !== undefined && bye.sessionEpoch < session.epoch) return;
    this.#sessions.delete(device);
    await this.#tell({ device, epoch: bye.sessionEpoch, kind: "closed", reason: bye.reason });
  }

  async #received(device: string, stream: StreamName, batch: RecordBatch): Promise<void> {
    const upTo = await this.#ingest.take(device, stream, batch);
    await this.send(
      device,
      pack("ack", { device }, { acknowledgements: [{ stream, upTo }], serverTimeMs: this.#parts.clock.now() }),
    );
    // What it has taken or ended makes room for the next page.
    if (stream === "result" && this.#isMoreWaiting.has(device)) await this.#sync(device);
  }

  async #tell(news: SessionNews): Promise<void> {
    const { features, context, store } = this.#parts;
    await repeatOnConflict(async () => {
      const changes = await Promise.all(features.map(async (each) => (await each.sessions?.(news, context)) ?? []));
      await store.commit(...changes.flat());
    });
  }

  async #sync(device: string): Promise<void> {
    const session = this.#sessions.get(device);
    if (session === undefined) return;
    const { features, context, clock, signingKey, keyringVersion } = this.#parts;
    const offers = await Promise.all(features.map(async (each) => (await each.offers?.(device, context)) ?? []));
    const waiting = offers.flat();
    const now = clock.now();
    const moreCommands = waiting.some((each) => each.more);
    if (moreCommands) this.#isMoreWaiting.add(device);
    else this.#isMoreWaiting.delete(device);
    const cancelledCommands = waiting.flatMap((each) => each.cancelled);
    const latestSequence = Math.max(0, ...waiting.map((each) => each.latestSequence));
    await this.send(
      device,
      pack(
        "sync",
        { device },
        {
          sessionEpoch: session.epoch,
          acknowledgements: [...(await this.#ingest.watermarksOf(device))],
          commands: waiting.flatMap((each) => each.commands),
          moreCommands,
          head: seal(
            "syncHead",
            { device, latestSequence, keyringVersion, asOfMs: now, cancelledCommands },
            signingKey,
          ),
          serverTimeMs: now,
          limits: { messageBytes: limits.messageBytes, windowBytes: limits.windowBytes, pauseMs: 0 },
        },
      ),
    );
  }

  #inOrder(device: string, run: () => Promise<void>): Promise<void> {
    const turn = (this.#tails.get(device) ?? Promise.resolve()).then(run, run);
    this.#tails.set(device, turn);
    const done = () => {
      if (this.#tails.get(device) === turn) this.#tails.delete(device);
    };
    turn.then(done, done);
    return turn;
  }
}

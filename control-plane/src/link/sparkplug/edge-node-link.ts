import { LATEST_INSTANT, pack, ProtocolError, unpack, type Packet } from "@edgemere/protocol";
import { MINUTE, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import {
  bdSeqOf,
  readSparkplugPayload,
  rebirthRequest,
  type SparkplugPayload,
  type SparkplugTopic,
} from "@edgemere/protocol/sparkplug";
import type { DeviceLink } from "../../platform/device-link.ts";
import type { Carrier, DeviceMessages } from "../carrier.ts";
import { Turns } from "../../platform/turns.ts";
import { batchesOf } from "./batches.ts";
import { EdgeNode, type Told } from "./edge-node.ts";
import { RecordQueue } from "./record-queue.ts";

/** The connection of an edge node. */
export interface Channel {
  readonly address: string;
  /** Sends it a command for itself. */
  command(payload: Uint8Array): void;
  close(): void;
}

export interface EdgeNodeParts {
  readonly link: DeviceMessages & Pick<DeviceLink, "accounts">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Stands where an agent's boot id stands: edge nodes tell nothing of their boots, and sessions are told apart by their numbers. */
const BOOT = "sparkplug-b";
/** Asked for its births, an edge node has so long before it is asked again, and each time twice as long. */
const BIRTHS_WITHIN = 10 * SECOND;
const LONGEST_PATIENCE = 5 * MINUTE;
/** Births come one by one, and texts may change with each sample: facts are told when they have rested, and not too often. */
const FACTS_REST = 2 * SECOND;
const FACTS_EVERY = MINUTE;

/**
 * Speaks for one edge node as an agent would for its host: a birth opens a session, samples and texts become records, a death
 * closes it. Behind the link nothing knows the difference (decisions/0022). Outlives connections.
 */
export class EdgeNodeLink {
  readonly #parts: EdgeNodeParts;
  readonly #device: string;
  readonly #node = new EdgeNode();
  readonly #queues = { telemetry: new RecordQueue(), event: new RecordQueue() };
  readonly #turns = new Turns();
  #channel: Channel | undefined;
  #epoch = 0;
  #isOpen = false;
  /** How the open session is to end. */
  #ending: "stopped" | "lost" | undefined;
  #bornAt = 0;
  #heardAt = 0;
  #births: { askedAt: number; patience: number } | undefined;
  #facts = { version: 0, changedAt: 0, told: 0, toldAt: -FACTS_EVERY };

  constructor(parts: EdgeNodeParts, device: string) {
    this.#parts = parts;
    this.#device = device;
  }

  get isConnected(): boolean {
    return this.#channel !== undefined;
  }

  /** It connected; a connection that it had before is none any more. */
  connected(channel: Channel): void {
    const { link, clock } = this.#parts;
    if (this.#channel !== undefined) {
      this.#add(this.#node.die(clock.now()));
      this.#isOpen = false;
      link.dropped(this.#device);
      this.#channel.close();
    }
    this.#channel = channel;
    this.#ending = undefined;
    // It says what it is by itself; who does not is asked.
    this.#births = { askedAt: clock.monotonic(), patience: BIRTHS_WITHIN };
    link.attach(this.#carrier, this.#device);
  }

  /** The connection ended. */
  async disconnected(channel: Channel): Promise<void> {
    if (this.#channel !== channel) return;
    this.#end("lost");
    await this.#flow();
    if (this.#channel !== channel) return;
    const { link } = this.#parts;
    this.#channel = undefined;
    this.#isOpen = false;
    link.dropped(this.#device);
    link.attach(undefined, this.#device);
  }

  /** A message on one of its own topics. Resolves when what it says is stored, or waits for room. `isWill`: the broker says it. */
  async hear(channel: Channel, topic: SparkplugTopic, bytes: Uint8Array, isWill = false): Promise<void> {
    if (this.#channel !== channel) return;
    this.#parts.link.heard(this.#device);
    const payload = this.#understood(bytes);
    if (payload === undefined) return;
    if (topic.word === "NDEATH") this.#died(payload, isWill);
    else this.#told(topic, payload);
    await this.#flow();
  }

  /** Goes on with what waits: records that found no room, births that were not heard, facts that have rested. */
  async look(): Promise<void> {
    if (this.#channel === undefined) return;
    this.#tellFacts();
    if (this.#births !== undefined) this.#askForBirths(this.#births);
    await this.#flow();
  }

  #understood(bytes: Uint8Array): SparkplugPayload | undefined {
    try {
      return readSparkplugPayload(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#parts.link.refuse(this.#device, error);
      return undefined;
    }
  }

  #told(topic: SparkplugTopic, payload: SparkplugPayload): void {
    const now = this.#parts.clock.now();
    const told = this.#node.hear(topic, payload, now);
    for (const refusal of told.refusals) this.#parts.link.refuse(this.#device, refusal);
    if (topic.word === "NBIRTH" && this.#node.isBorn) this.#born(payload, now);
    if (told.lost > 0) this.#miss(told.lost, now);
    this.#add(told.samples);
    this.#heardAt = now;
    this.#noteFacts();
    this.#expectBirths(told);
  }

  #born({ timestamp }: SparkplugPayload, now: number): void {
    this.#births = undefined;
    this.#bornAt = timestamp !== undefined && timestamp <= LATEST_INSTANT ? timestamp : now;
    // One that was asked goes on with the session that it has.
    if (this.#ending !== undefined) this.#isOpen = false;
    this.#ending = undefined;
  }

  /** Of an earlier session it is late news: a will may come when the next one has begun. */
  #died(payload: SparkplugPayload, isWill: boolean): void {
    if (this.#node.isBorn && bdSeqOf(payload) === this.#node.bdSeq) return this.#end(isWill ? "lost" : "stopped");
    this.#parts.link.refuse(this.#device, { reason: "outdated", message: "this death is not that of its session" });
  }

  #end(how: "stopped" | "lost"): void {
    this.#add(this.#node.die(this.#parts.clock.now()));
    this.#births = undefined;
    this.#ending ??= how;
  }

  #miss(records: number, now: number): void {
    this.#queues.telemetry.miss({ records, from: this.#heardAt || now, to: now, reason: "not-received" });
  }

  #add(samples: Told["samples"] | ReturnType<EdgeNode["die"]>): void {
    const now = this.#parts.clock.now();
    for (const telemetry of batchesOf(samples, now)) this.#queues.telemetry.add({ telemetry }, now);
  }

  #expectBirths({ needsBirths }: Told): void {
    if (!needsBirths || this.#births !== undefined) return;
    this.#births = { askedAt: -Infinity, patience: BIRTHS_WITHIN / 2 };
    this.#askForBirths(this.#births);
  }

  #askForBirths({ askedAt, patience }: { readonly askedAt: number; readonly patience: number }): void {
    const { clock } = this.#parts;
    const now = clock.monotonic();
    if (now - askedAt < patience) return;
    this.#births = { askedAt: now, patience: Math.min(2 * patience, LONGEST_PATIENCE) };
    this.#channel?.command(rebirthRequest(clock.now()));
  }

  #noteFacts(): void {
    if (this.#node.factsVersion === this.#facts.version) return;
    this.#facts.version = this.#node.factsVersion;
    this.#facts.changedAt = this.#parts.clock.monotonic();
  }

  #tellFacts(): void {
    const now = this.#parts.clock.monotonic();
    const { version, changedAt, told, toldAt } = this.#facts;
    const isDue = version !== told && now - changedAt >= FACTS_REST && now - toldAt >= FACTS_EVERY;
    if (!isDue || !this.#node.isBorn || !this.#queues.event.isEmpty) return;
    const facts = this.#node.facts().map(([name, text]) => ({ name, text, value: "text" as const }));
    this.#facts = { ...this.#facts, told: version, toldAt: now };
    this.#queues.event.add({ inventory: { facts } }, this.#parts.clock.now());
  }

  /** One at a time: opens the session, sends what waits, closes the session. */
  #flow(): Promise<void> {
    return this.#turns.take(this.#device, async () => {
      try {
        await this.#step();
      } catch (error) {
        // Nothing is forgotten before it is acknowledged: the next look goes on.
        this.#parts.log.warn("records of an edge node not stored", { device: this.#device, error });
      }
    });
  }

  async #step(): Promise<void> {
    if (this.#node.isBorn && !this.#isOpen) await this.#open();
    if (!this.#isOpen) return;
    for (const stream of ["event", "telemetry"] as const) await this.#send(stream);
    if (this.#ending === undefined) return;
    const bye = { sessionEpoch: this.#epoch, reason: this.#ending };
    this.#isOpen = false;
    await this.#say(pack("bye", { device: this.#device }, bye));
  }

  async #open(): Promise<void> {
    const { link, clock } = this.#parts;
    for (const { stream, upTo } of await link.accounts(this.#device))
      if (stream === "telemetry" || stream === "event") this.#queues[stream].stored(upTo);
    this.#epoch = Math.max(this.#epoch + 1, clock.now());
    const hello = {
      bootId: BOOT,
      sessionEpoch: this.#epoch,
      capabilities: [BOOT],
      lastExitReason: "unknown",
      time: { wallMs: this.#bornAt, monotonicMs: 0 },
      streams: Object.entries(this.#queues).map(([stream, { first, next }]) => ({
        stream,
        firstUnacknowledged: first,
        next,
      })),
    };
    await this.#say(pack("hello", { device: this.#device }, hello));
  }

  async #send(stream: "telemetry" | "event"): Promise<void> {
    const queue = this.#queues[stream];
    for (let batch = queue.batch(); batch !== undefined; batch = queue.batch()) {
      const { first: firstUnacknowledged } = queue;
      const { last, ...records } = batch;
      const message = { ...records, firstUnacknowledged, sessionEpoch: this.#epoch };
      await this.#say(pack(stream, { device: this.#device }, message));
      // Not acknowledged: there is no room now, or a feature failed on it.
      if (queue.first <= last) return;
    }
  }

  #say({ topic, payload }: Packet): Promise<void> {
    return this.#parts.link.arrived(this.#device, topic, payload, this.#channel?.address ?? "");
  }

  /** What the control plane says to an agent: how far all is stored. Of the rest an edge node understands nothing. */
  readonly #carrier: Carrier = {
    send: async ({ topic, payload }) => {
      const said = unpack(topic, payload);
      if (said.name !== "ack" && said.name !== "sync") return;
      for (const { stream, upTo } of said.message.acknowledgements)
        if (stream === "telemetry" || stream === "event") this.#queues[stream].stored(upTo ?? 0);
      if (said.name === "sync" && said.message.sessionEpoch === this.#epoch) this.#isOpen = true;
    },
    disconnect: (device, reason) => {
      this.#parts.log.info("device disconnected", { device, reason });
      this.#channel?.close();
    },
  };
}

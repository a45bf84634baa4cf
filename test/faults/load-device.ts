import type { Identity } from "@edgemere/agent";
import { inColumns, pack, subscriptionsOf, unpack, type Packet } from "@edgemere/protocol";
import { connect, type MqttClient } from "mqtt";
import { credentialsOf } from "../world/bare-device.ts";

interface Options {
  readonly identity: Identity;
  readonly address: string;
  /** Who answers: the control plane, with Ack, when it has stored; or a bare broker, with PUBACK. */
  readonly answeredBy: "ack" | "puback";
  /** Milliseconds between two records. */
  readonly every: number;
  /** Milliseconds before it begins to measure, so that many do not all speak at one instant. */
  readonly after?: number;
  /** Records without an answer; with so many it measures no more. */
  readonly mostUnderWay?: number;
  /** Makes up for what it was too slow to measure, so that it sends as much as is said however busy this machine is. */
  readonly catchesUp?: true;
}

const MOST_UNDER_WAY = 100;
const AGAIN_AFTER = 200;
const CONNECT_WITHIN = 5_000;

/** A device without an agent that measures all the time, keeps what is not answered and sends it again after a break: what an agent does, in memory. */
export class LoadDevice implements AsyncDisposable {
  readonly #options: Options;
  readonly #waiting = new Map<number, Packet>();
  readonly #answered = new Set<number>();
  #timer: NodeJS.Timeout;
  #client: MqttClient | undefined;
  readonly #running: Promise<void>;
  #isStopped = false;
  #isReady = false;
  #isMeasuring = true;
  #epoch = 0;
  #next = 1;
  #sentUpTo = 0;
  readonly #measuredAt = new Map<number, number>();
  /** Milliseconds from measuring to the answer. */
  readonly answerTimes: number[] = [];
  /** Records that were sent more than once. */
  sentTwice = 0;
  /** Connections that were tried. */
  tries = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#timer = setTimeout(() => {
      const since = performance.now();
      const due = () => (options.catchesUp ? Math.floor((performance.now() - since) / options.every) : 0);
      this.#timer = setInterval(() => {
        do this.#measure();
        while (this.#isMeasuring && this.produced < due());
      }, options.every);
    }, options.after ?? 0);
    this.#running = this.#run();
  }

  get produced(): number {
    return this.#next - 1;
  }

  get answered(): ReadonlySet<number> {
    return this.#answered;
  }

  get waiting(): readonly number[] {
    return [...this.#waiting.keys()];
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Measures no more; what is kept is still sent. */
  rest(): void {
    this.#isMeasuring = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#client?.end(true);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      this.tries += 1;
      await this.#connection().catch(() => {});
      this.#isReady = false;
      if (!this.#isStopped) await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
    }
  }

  /** Rejects when the connection is over. */
  async #connection(): Promise<never> {
    const { identity, address, answeredBy } = this.#options;
    const { device } = identity;
    const client = connect(address, {
      protocolVersion: 4,
      clientId: device,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_WITHIN,
      ...credentialsOf(identity),
    });
    this.#client = client;
    const over = new Promise<never>((_, reject) => {
      client.on("error", reject);
      client.on("close", () => reject(new Error("the connection is over")));
    });
    try {
      await Promise.race([new Promise<void>((resolve) => client.once("connect", () => resolve())), over]);
      client.on("message", (topic, payload) => this.#heard(topic, payload));
      await Promise.race([client.subscribeAsync([...subscriptionsOf(device)], { qos: 1 }), over]);
      this.#epoch += 1;
      if (answeredBy === "puback") this.#begin();
      else
        this.#publish(pack("hello", { device }, { bootId: "load", sessionEpoch: this.#epoch, agentVersion: "0.1.0" }));
      return await over;
    } finally {
      client.end(true);
    }
  }

  #heard(topic: string, payload: Uint8Array): void {
    const { name, message } = unpack(topic, payload);
    if (name !== "ack" && name !== "sync") return;
    for (const { stream, upTo = 0 } of message.acknowledgements) if (stream === "telemetry") this.#answeredUpTo(upTo);
    if (name === "sync") this.#begin();
  }

  /** All that is kept is sent, oldest first. */
  #begin(): void {
    this.#isReady = true;
    const kept = [...this.#waiting];
    for (const [sequence, packet] of kept) this.#send(sequence, packet);
  }

  #measure(): void {
    if (!this.#isMeasuring || this.#waiting.size >= (this.#options.mostUnderWay ?? MOST_UNDER_WAY)) return;
    const sequence = this.#next++;
    const { device } = this.#options.identity;
    const atMs = Date.now();
    const telemetry = {
      baseMs: atMs,
      offsetMs: [0],
      series: [{ metric: "load.count", instance: "", values: [sequence] }],
    };
    const batch = {
      ...inColumns([{ sequence, atMs, telemetry }]),
      firstUnacknowledged: Math.min(sequence, ...this.#waiting.keys()),
      sessionEpoch: this.#epoch,
    };
    const packet = pack("telemetry", { device }, batch);
    this.#waiting.set(sequence, packet);
    this.#measuredAt.set(sequence, performance.now());
    if (this.#isReady) this.#send(sequence, packet);
  }

  #send(sequence: number, packet: Packet): void {
    if (sequence <= this.#sentUpTo) this.sentTwice += 1;
    this.#sentUpTo = Math.max(this.#sentUpTo, sequence);
    this.#publish(packet, () => {
      if (this.#options.answeredBy === "puback") this.#note(sequence);
    });
  }

  #publish({ topic, payload }: Packet, answered: () => void = () => {}): void {
    this.#client?.publish(topic, Buffer.from(payload), { qos: 1 }, (error) => {
      if (!error) answered();
    });
  }

  #answeredUpTo(upTo: number): void {
    for (const sequence of this.#waiting.keys()) if (sequence <= upTo) this.#note(sequence);
  }

  #note(sequence: number): void {
    this.answerTimes.push(performance.now() - (this.#measuredAt.get(sequence) ?? NaN));
    this.#measuredAt.delete(sequence);
    this.#waiting.delete(sequence);
    this.#answered.add(sequence);
  }
}

import { enrol, type Identity } from "@edgemere/agent";
import {
  formatTopic,
  inColumns,
  pack,
  subscriptionsOf,
  unpack,
  type Packet,
  type RecordBody,
} from "@edgemere/protocol";
import { systemClock, systemRandom } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import { connectAsync, type MqttClient } from "mqtt";
import { credentialsOf } from "../world/bare-device.ts";
import { someTelemetry } from "./telemetry.ts";

/** What it measured, by the number of its record and the instant of its first row. */
export type MakeRecord = (sequence: number, baseMs: number) => RecordBody;

interface Message {
  readonly sequence: number;
  readonly packet: Packet;
}

const KEEPALIVE_SECONDS = 240;

/** Enrols as an agent does; keeps nothing. */
export const identify = (token: string, name: string): Promise<Identity> =>
  enrol({
    token,
    env: { clock: systemClock, disk: new SimulatedDisk(), random: systemRandom },
    name,
    machineId: name,
    agentVersion: "0.1.0",
  });

/** A device's connection without an agent: it sends what was made before, and notes when it is answered. */
export class MqttDevice implements AsyncDisposable {
  readonly #client: MqttClient;
  readonly #device: string;
  /** Whether this side answers with Ack; a bare broker does not. */
  readonly #isAcknowledged: boolean;
  readonly #epoch: number;
  readonly #unacknowledged = new Map<number, number>();
  #next = 1;
  /** When what it measures next begins. */
  #at = 0;
  /** The other side knows what its columns are about. */
  #isKnown = false;
  #settled: () => void = () => {};
  /** Milliseconds from sending to each answer. */
  readonly answers = { puback: [] as number[], ack: [] as number[] };
  /** Rejects when the connection ends by itself. */
  readonly lost: Promise<never>;

  private constructor(client: MqttClient, device: string, isAcknowledged: boolean, before?: MqttDevice) {
    this.#client = client;
    this.#device = device;
    this.#isAcknowledged = isAcknowledged;
    this.#epoch = before === undefined ? 1 : before.#epoch + 1;
    if (before !== undefined) [this.#next, this.#at] = [before.#next, before.#at];
    this.lost = new Promise((_, reject) => {
      client.on("error", reject);
      client.on("close", () => reject(new Error(`the broker closed the connection of ${device}`)));
    });
    this.lost.catch(() => {});
    client.on("message", (topic, payload) => {
      const arrival = unpack(topic, payload);
      if (arrival.name === "ack") this.#acknowledge(arrival.message.acknowledgements[0]?.upTo ?? 0);
    });
  }

  /** After a connection of the same device it goes on with the numbers of that one; what was under way there is not sent again. */
  static async connect(
    identity: Identity,
    address: string,
    isAcknowledged: boolean,
    before?: MqttDevice,
  ): Promise<MqttDevice> {
    const { device } = identity;
    const client = await connectAsync(address, {
      protocolVersion: 4,
      clientId: device,
      reconnectPeriod: 0,
      // Whoever prepares many messages at once has no time for pings.
      keepalive: KEEPALIVE_SECONDS,
      ...credentialsOf(identity),
    });
    await client.subscribeAsync([...subscriptionsOf(device)], { qos: 1 });
    return new MqttDevice(client, device, isAcknowledged, before);
  }

  /** Begins a session; resolves with the control plane's Sync. */
  async hello(): Promise<void> {
    const expected = formatTopic("sync", { device: this.#device });
    const synced = new Promise<void>((resolve) =>
      this.#client.on("message", (topic) => topic === expected && resolve()),
    );
    await this.#publish(
      pack("hello", { device: this.#device }, { bootId: "bench", sessionEpoch: this.#epoch, agentVersion: "0.1.0" }),
    );
    await Promise.race([synced, this.lost]);
  }

  /** The next messages of its telemetry, of so many milliseconds each, ready to be sent. As an agent, it tells its schema until that has arrived. */
  prepare(count: number, make: MakeRecord = someTelemetry, every = 10_000): readonly Message[] {
    const [first, atMs] = [this.#next, Math.max(Date.now(), this.#at)];
    this.#next += count;
    this.#at = atMs + count * every;
    return Array.from({ length: count }, (_, i) => {
      const record = { sequence: first + i, atMs, ...make(first + i, atMs + i * every) };
      const { records, schemas } = inColumns([record]);
      const batch = {
        records,
        ...(!this.#isKnown && { schemas }),
        firstUnacknowledged: first,
        sessionEpoch: this.#epoch,
      };
      return { sequence: first + i, packet: pack("telemetry", { device: this.#device }, batch) };
    });
  }

  /** Resolves with the PUBACK. */
  async send({ sequence, packet }: Message): Promise<void> {
    const sentAt = performance.now();
    if (this.#isAcknowledged) this.#unacknowledged.set(sequence, sentAt);
    await Promise.race([this.#publish(packet), this.lost]);
    this.answers.puback.push(performance.now() - sentAt);
  }

  /** Resolves when everything sent is acknowledged. */
  async settled(): Promise<void> {
    if (this.#unacknowledged.size > 0)
      await Promise.race([new Promise<void>((resolve) => (this.#settled = resolve)), this.lost]);
    this.#isKnown = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }

  async #publish({ topic, payload, qos }: Packet): Promise<void> {
    await this.#client.publishAsync(topic, Buffer.from(payload), { qos });
  }

  #acknowledge(upTo: number): void {
    for (const [sequence, sentAt] of this.#unacknowledged) {
      if (sequence > upTo) continue;
      this.#unacknowledged.delete(sequence);
      this.answers.ack.push(performance.now() - sentAt);
    }
    if (this.#unacknowledged.size === 0) this.#settled();
  }
}

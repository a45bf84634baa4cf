import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Identity } from "@edgemere/agent";
import { formatTopic, keyIdOf, pack, seal, subscriptionsOf, unpack, v1 } from "@edgemere/protocol";
import { connectAsync, type MqttClient } from "mqtt";
import { credentialsOf } from "../../world/bare-device.ts";

const KEEPALIVE_SECONDS = 240;
/** Of a result that a bare broker carries: as many bytes as that of a ping takes, signed. */
const RESULT_BYTES = 230;

/** A device's connection without an agent that says of every command at once that it succeeded; to a bare broker it says as much of nothing. */
export class AnsweringDevice implements AsyncDisposable {
  readonly #client: MqttClient;
  readonly #device: string;
  readonly #key: KeyObject;
  readonly #isBare: boolean;
  #next = 1;
  /** When its newest command arrived, by this process's clock. */
  heardAt = 0;

  private constructor(client: MqttClient, { device, messageKey }: Identity, isBare: boolean) {
    this.#client = client;
    this.#device = device;
    this.#key = createPrivateKey(messageKey);
    this.#isBare = isBare;
    const commands = formatTopic("command", { device });
    client.on("message", (topic, payload) => {
      if (topic !== commands) return;
      this.heardAt = performance.now();
      this.#publish(this.#isBare ? Buffer.alloc(RESULT_BYTES) : this.#result(topic, payload));
    });
  }

  static async connect(identity: Identity, port: number, { isBare }: { isBare: boolean }): Promise<AnsweringDevice> {
    const { device } = identity;
    const client = await connectAsync(`mqtts://127.0.0.1:${port}`, {
      protocolVersion: 4,
      clientId: device,
      reconnectPeriod: 0,
      keepalive: KEEPALIVE_SECONDS,
      ...credentialsOf(identity),
    });
    await client.subscribeAsync([...subscriptionsOf(device)], { qos: 1 });
    const own = new AnsweringDevice(client, identity, isBare);
    if (!isBare) await own.#hello();
    return own;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }

  async #hello(): Promise<void> {
    const expected = formatTopic("sync", { device: this.#device });
    const synced = new Promise<void>((resolve) =>
      this.#client.on("message", (topic) => topic === expected && resolve()),
    );
    const said = { bootId: "bench", sessionEpoch: 1, agentVersion: "0.1.0" };
    const { topic, payload } = pack("hello", { device: this.#device }, said);
    await this.#client.publishAsync(topic, Buffer.from(payload), { qos: 1 });
    await synced;
  }

  #result(topic: string, payload: Uint8Array): Uint8Array {
    const arrival = unpack(topic, payload);
    if (arrival.name !== "command") throw new Error(`a command came as ${arrival.name}`);
    const { command } = v1.Command.decode(arrival.message.payload ?? new Uint8Array());
    const now = Date.now();
    const phase = v1.CommandPhase.COMMAND_PHASE_SUCCEEDED;
    const report = { command, phase, startedAtMs: now, finishedAtMs: now };
    const signedReport = seal("result", report, { keyId: keyIdOf(this.#key), privateKey: this.#key });
    const sequence = this.#next++;
    const records = [{ sequence, atMs: now, signedReport }];
    return pack("result", { device: this.#device }, { records, firstUnacknowledged: sequence, sessionEpoch: 1 })
      .payload;
  }

  #publish(payload: Uint8Array): void {
    this.#client.publish(formatTopic("result", { device: this.#device }), Buffer.from(payload), { qos: 1 });
  }
}

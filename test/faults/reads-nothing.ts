import type { Identity } from "@edgemere/agent";
import { pack, SERVER_NAME, subscriptionsOf } from "@edgemere/protocol";
import { connectAsync, type MqttClient } from "mqtt";

/** A device that says hello and then reads nothing of what it is sent. */
export class ReadsNothing implements AsyncDisposable {
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  static async connect(
    { device, key, certificate, chain, rootCertificate }: Identity,
    port: number,
  ): Promise<ReadsNothing> {
    const bye = pack("bye", { device }, { sessionEpoch: 1, reason: "connection lost" });
    const client = await connectAsync(`mqtts://127.0.0.1:${port}`, {
      protocolVersion: 4,
      clientId: device,
      reconnectPeriod: 0,
      keepalive: 300,
      key,
      cert: [certificate, ...chain].join("\n"),
      ca: [rootCertificate],
      servername: SERVER_NAME,
      will: { topic: bye.topic, payload: Buffer.from(bye.payload), qos: 1, retain: false },
    });
    client.on("error", () => {}); // it will be cut off: that is what it is for
    await client.subscribeAsync([...subscriptionsOf(device)], { qos: 1 });
    const { topic, payload } = pack("hello", { device }, { bootId: "deaf", sessionEpoch: 1, agentVersion: "0.1.0" });
    await client.publishAsync(topic, Buffer.from(payload), { qos: 1 });
    client.stream.unpipe();
    client.stream.pause();
    return new ReadsNothing(client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.stream.destroy();
    await this.#client.endAsync(true);
  }
}

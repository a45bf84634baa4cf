import { join } from "node:path";
import { AGENT_VERSION, enrol, type Identity } from "@edgemere/agent";
import { bodies, formatTopic, SERVER_NAME, type DeviceTopicName, type UpTopicName } from "@edgemere/protocol";
import { nodeDisk, systemClock, systemRandom } from "@edgemere/protocol/kit";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { World } from "./world.ts";

/** A device that has an identity, and no agent. */
export async function enrolled(world: World, name: string): Promise<Identity> {
  const { token } = await world.client.call("cpl/dm/token/create");
  const env = { clock: systemClock, disk: nodeDisk(join(world.folder, name)), random: systemRandom };
  return enrol({ token, env, name, machineId: name, agentVersion: AGENT_VERSION });
}

/** Bytes of a message that no encoder of ours checks. */
export const bytesOf = (name: DeviceTopicName, message: object): Uint8Array =>
  (bodies[name] as { encode(message: object): { finish(): Uint8Array } }).encode(message).finish();

/** What a device shows to say who it is. */
export const credentialsOf = ({ key, certificate, chain, rootCertificate }: Identity) => ({
  key,
  cert: [certificate, ...chain].join("\n"),
  ca: [rootCertificate],
  servername: SERVER_NAME,
});

export interface BareDevice extends AsyncDisposable {
  readonly client: MqttClient;
  /** Says it on a topic of its own, and waits for the PUBACK. */
  say(topic: UpTopicName, payload: Uint8Array): Promise<unknown>;
  /** Resolves when the other side has ended it. */
  readonly closed: Promise<void>;
}

/** MQTT by hand, with the certificate of an enrolled device. */
export function connected(identity: Identity, options: IClientOptions = {}): Promise<BareDevice> {
  const client = connect(identity.mqtt[0] ?? "", {
    protocolVersion: 4,
    clientId: identity.device,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    ...credentialsOf(identity),
    ...options,
  });
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  return new Promise((resolve, reject) => {
    client.on("error", reject);
    client.once("close", () => reject(new Error("the broker closed the connection")));
    client.once("connect", () =>
      resolve({
        client,
        closed,
        say: (name, payload) =>
          client.publishAsync(formatTopic(name, { device: identity.device }), Buffer.from(payload), { qos: 1 }),
        [Symbol.asyncDispose]: () => client.endAsync(true),
      }),
    );
  });
}

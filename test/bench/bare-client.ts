import { text } from "node:stream/consumers";
import { SERVER_NAME, subscriptionsOf } from "@edgemere/protocol";
import { connectAsync } from "mqtt";

/** The MQTT library alone on a connection like the agent's, for the figures of what the agent adds to it. An identity comes on standard input. */
interface Given {
  readonly device: string;
  readonly key: string;
  readonly certificate: string;
  readonly chain: readonly string[];
  readonly rootCertificate: string;
  readonly mqtt: readonly string[];
}

const { device, key, certificate, chain, rootCertificate, mqtt } = JSON.parse(await text(process.stdin)) as Given;
const client = await connectAsync(mqtt[0] ?? "", {
  protocolVersion: 4,
  clientId: device,
  key,
  cert: [certificate, ...chain].join("\n"),
  ca: [rootCertificate],
  servername: SERVER_NAME,
});
await client.subscribeAsync([...subscriptionsOf(device)], { qos: 1 });

// The peer of the telemetry bench between a broker and a database of others: takes what devices say, and writes it.
// node test/dist/bench/telemetry/bridge.js BROKER IDENTITY-FILE WRITE-URL
import { readFile } from "node:fs/promises";
import type { Identity } from "@edgemere/agent";
import { formatTopic, parseTopic, readTelemetry, SERVER_NAME, unpackBatch, type Schema } from "@edgemere/protocol";
import { connectAsync } from "mqtt";
import { post } from "./databases.ts";
import { linesOf } from "./lines.ts";

const WRITTEN_EVERY = 500;
const WRITTEN_AT = 4 * 1024 * 1024;

const [address = "", identityFile = "", writeUrl = ""] = process.argv.slice(2);
const { key, certificate, chain, rootCertificate } = JSON.parse(await readFile(identityFile, "utf8")) as Identity;
const known = new Map<string, Schema>();
let [lines, messages, written] = ["", 0, 0];
let writing: Promise<void> | undefined;

const client = await connectAsync(address, {
  protocolVersion: 4,
  clientId: "bridge",
  reconnectPeriod: 0,
  key,
  cert: [certificate, ...chain].join("\n"),
  ca: [rootCertificate],
  servername: SERVER_NAME,
});
client.on("message", (topic, payload) => {
  const at = parseTopic(topic);
  if (at?.name !== "telemetry") return;
  const batch = unpackBatch("telemetry", payload);
  for (const { schema } of batch.schemas) known.set(schema.name, schema);
  for (const samples of readTelemetry(batch, 0, known).samples.values())
    lines += linesOf(samples, { device: at.params.device });
  messages++;
  if (lines.length >= WRITTEN_AT) write();
});
await client.subscribeAsync(formatTopic("telemetry", { device: "any" }).replace("any", "+"), { qos: 1 });
setInterval(write, WRITTEN_EVERY);
process.send?.({ type: "ready" });

/** One after another, as much as there is. */
function write(): void {
  if (writing !== undefined || lines === "") return;
  const [text, count] = [lines, messages];
  [lines, messages] = ["", 0];
  writing = post(writeUrl, text).then(() => {
    writing = undefined;
    written += count;
    console.log(`written ${written}`);
    if (lines.length >= WRITTEN_AT) write();
  });
}

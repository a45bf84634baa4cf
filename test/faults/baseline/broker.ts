// The peer of the scenarios, in a process of its own: aedes behind the same TLS and LevelDB, put together as their own
// manuals do. QoS 1; each message is put into the store as it comes, without a sync.
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { unpack } from "@edgemere/protocol";
import { Aedes } from "aedes";
import { Level } from "level";

const [authority = "", folder = "", port = "0"] = process.argv.slice(2);
const certificates = (...names: readonly string[]) =>
  Promise.all(names.map((name) => readFile(join(authority, `${name}.pem`), "utf8")));

const [server = "", ...chain] = await certificates("server", "server-issuer", "root");
const store = new Level<string, Buffer>(folder, { valueEncoding: "buffer" });
await store.open();
// A new store that was never synced would not even open again: it is given that much.
await store.put("begun", Buffer.alloc(0), { sync: true } as object);
const broker = await Aedes.createBroker({ concurrency: 0, authorizePublish: (_client, _packet, done) => done(null) });
broker.on("publish", ({ topic, payload }, client) => {
  if (client === null) return;
  const { name, device, message } = unpack(topic, payload as Buffer);
  if (name === "telemetry") void store.put(`${device}/${message.records[0]?.sequence ?? 0}`, payload as Buffer);
});
const listener = createServer(
  {
    key: server,
    cert: [server, ...chain].join("\n"),
    ca: await certificates("root", "device-issuer"),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    noDelay: true,
  },
  (socket) => broker.handle(socket),
);
listener.listen(Number(port), "127.0.0.1", () =>
  process.send?.({ type: "ready", port: (listener.address() as AddressInfo).port }),
);

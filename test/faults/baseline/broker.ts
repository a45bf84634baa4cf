// The peer of the scenarios, in a process of its own: aedes behind the same TLS and LevelDB, put together as their own
// manuals do. QoS 1; each message is put into the store as it comes, without a sync.
import { unpack } from "@edgemere/protocol";
import { Aedes } from "aedes";
import { Level } from "level";
import { openBareDoor } from "../../world/bare-door.ts";

const [authority = "", folder = "", port = "0"] = process.argv.slice(2);
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
await openBareDoor({ authority, port: Number(port) }, (socket) => broker.handle(socket));

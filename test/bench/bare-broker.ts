// The peer of the ingest bench, a process of its own: aedes behind the same TLS, which takes everything and keeps nothing.
import { Aedes } from "aedes";
import { openBareDoor } from "../world/bare-door.ts";

const [authority = ""] = process.argv.slice(2);
const broker = await Aedes.createBroker({
  concurrency: 0,
  authorizePublish: (_client, _packet, done) => done(null),
});
await openBareDoor({ authority }, (socket) => broker.handle(socket));

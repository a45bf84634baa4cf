// The peer of benches, a process of its own: aedes behind the same TLS, which takes everything and keeps nothing. Asked for a fan-out it
// sends so many bytes to each device, and tells when a share of them has said something.
import { Aedes } from "aedes";
import { formatTopic } from "@edgemere/protocol";
import { openBareDoor } from "../world/bare-door.ts";

interface FanOut {
  readonly devices: readonly string[];
  readonly bytes: number;
  /** Answers after which it is told. */
  readonly enough: number;
}

const [authority = ""] = process.argv.slice(2);
let awaited = 0;
const broker = await Aedes.createBroker({
  concurrency: 0,
  authorizePublish: (_client, _packet, done) => {
    done(null);
    if (awaited > 0 && --awaited === 0) process.send?.({ type: "answered" });
  },
});
process.on("message", ({ devices, bytes, enough }: FanOut) => {
  awaited = enough;
  const payload = Buffer.alloc(bytes);
  for (const device of devices) {
    const topic = formatTopic("command", { device });
    broker.publish({ cmd: "publish", topic, payload, qos: 1, dup: false, retain: false }, () => {});
  }
});
await openBareDoor({ authority }, (socket) => broker.handle(socket));

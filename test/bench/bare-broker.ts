// The peer of the ingest bench, a process of its own: aedes behind the same TLS, which takes everything and keeps nothing.
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { Aedes } from "aedes";

const [authority = ""] = process.argv.slice(2);
const certificates = (...names: readonly string[]) =>
  Promise.all(names.map((name) => readFile(join(authority, `${name}.pem`), "utf8")));

const [server = "", ...chain] = await certificates("server", "server-issuer", "root");
const broker = await Aedes.createBroker({
  concurrency: 0,
  authorizePublish: (_client, _packet, done) => done(null),
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
listener.listen(0, "127.0.0.1", () =>
  process.send?.({ type: "ready", port: (listener.address() as AddressInfo).port }),
);

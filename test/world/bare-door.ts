import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";

/** The TLS listener of a bare broker that is a process of its own: certificates as ours has them, and nothing in between. Tells its parent the port. */
export async function openBareDoor(
  { authority, port = 0 }: { readonly authority: string; readonly port?: number },
  handle: (socket: TLSSocket) => void,
): Promise<void> {
  const certificates = (...names: readonly string[]) =>
    Promise.all(names.map((name) => readFile(join(authority, `${name}.pem`), "utf8")));
  const [server = "", ...chain] = await certificates("server", "server-issuer", "root");
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
    handle,
  );
  listener.listen(port, "127.0.0.1", () =>
    process.send?.({ type: "ready", port: (listener.address() as AddressInfo).port }),
  );
}

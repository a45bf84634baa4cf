import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type ListenOptions } from "node:net";
import type { Ports } from "./control-plane-program.ts";

// Below those that the system gives to whoever asks for any: it gives nobody one whose program is just being started again.
const FROM = 10_000;
const TO = 30_000;

/** Ports that nobody listens on, for a program that must find them again at its next start. */
export const freePorts = async (): Promise<Ports> => ({
  portal: await freePort(),
  mqtt: await freePort(),
  deviceApi: await freePort(),
  subscribers: await freePort(),
});

/** No other test is given it while this process lives, even while nobody listens there. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    // A name without a file, which the system forgets with the process that holds it.
    const held = await listening({ path: `\0edgemere-test-port-${port}` });
    if (held === undefined) continue;
    held.unref();
    const server = await listening({ port, host: "127.0.0.1" });
    if (server === undefined) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

async function listening(where: ListenOptions) {
  const server = createServer().listen(where);
  return once(server, "listening").then(
    () => server,
    () => undefined,
  );
}

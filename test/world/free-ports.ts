import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Ports } from "./control-plane-program.ts";

// Below those that the system gives to whoever asks for any: nobody gets one between our look and its use.
const FROM = 10_000;
const TO = 30_000;

/** Ports that nobody listens on, for a program that must find them again at its next start. */
export const freePorts = async (): Promise<Ports> => ({
  portal: await freePort(),
  mqtt: await freePort(),
  deviceApi: await freePort(),
  subscribers: await freePort(),
});

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import type { Identity } from "@edgemere/agent";
import { formatToken, parseToken } from "@edgemere/protocol";
import type { World } from "../world/world.ts";
import { identify } from "./mqtt-device.ts";

const AT_ONCE = 8;
// Below what one address may ask in a minute.
const OF_ONE_ADDRESS = 250;
const HOSTS = 250;

/** Enrols so many devices of a world, as if they were at many addresses: from one they would have to wait for each other. */
export async function enrolled(
  world: World,
  { from = 0, to }: { readonly from?: number; readonly to: number },
): Promise<readonly Identity[]> {
  const { token } = await world.client.call("cpl/dm/token/create", { uses: to - from });
  await using door = await manyAddresses(Number(new URL(parseToken(token).server).port));
  const given = formatToken({ ...parseToken(token), server: `https://127.0.0.1:${door.port}` });
  const identities: Identity[] = [];
  let next = from;
  const lane = async () => {
    while (next < to) {
      const number = next++;
      identities.push(await identify(given, `bench-${number}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return identities;
}

/** A port that passes on to another one of this machine, from another of the machine's loopback addresses after a while. */
async function manyAddresses(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((inner) => {
    const place = Math.floor(connections++ / OF_ONE_ADDRESS);
    const localAddress = `127.0.${1 + Math.floor(place / HOSTS)}.${1 + (place % HOSTS)}`;
    const outer = connect({ host: "127.0.0.1", port, localAddress });
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

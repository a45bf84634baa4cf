import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { Aedes } from "aedes";
import { isOfDevice, parseTopic, type DeviceTopicName } from "@edgemere/protocol";
import { certified, urlOf } from "./brokered.ts";
import { freePorts } from "./free-ports.ts";
import { startWorld, type World } from "./world.ts";

/** A message as it passes through. */
export interface Passing {
  readonly name: DeviceTopicName;
  readonly device: string;
  readonly payload: Buffer;
}

/** A broker that somebody has taken over: it sees all, and does with it what it wants. */
export interface HostileBroker extends AsyncDisposable {
  readonly url: string;
  /** All that went through, oldest first, as it came. */
  readonly seen: readonly Passing[];
  /** What becomes of each message: other bytes, or undefined for none. At first all go on as they came. */
  tamper: (passing: Passing) => Buffer | undefined;
  /** Says something in anybody's name. */
  inject(topic: string, payload: Uint8Array): Promise<void>;
}

/** A world whose devices are on a broker that is hostile. Its control plane and agents are real, and processes of their own. */
export async function startHostileWorld(): Promise<World & { readonly broker: HostileBroker }> {
  const world = await startWorld();
  try {
    const broker = await startHostileBroker(await certified(world));
    await world.controlPlane.kill();
    await world.controlPlane.start({ flags: ["--broker", broker.url] });
    const close = async () => {
      await world[Symbol.asyncDispose]();
      await broker[Symbol.asyncDispose]();
    };
    return { ...world, broker, [Symbol.asyncDispose]: close };
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}

async function startHostileBroker(folder: string): Promise<HostileBroker> {
  const { mqtt: port } = await freePorts();
  const pem = (name: string) => readFile(join(folder, name), "utf8");
  const [key, cert, ca] = await Promise.all([pem("broker.key"), pem("broker.pem"), pem("root.pem")]);
  const seen: Passing[] = [];
  const hostile: Pick<HostileBroker, "tamper"> = { tamper: ({ payload }) => payload };
  const broker = await Aedes.createBroker({
    concurrency: 0,
    authorizePublish: (_client, _packet, done) => done(null),
    // What it says itself passes as it is.
    authorizeForward: (_client, packet) => {
      const at = parseTopic(packet.topic);
      if (at === undefined || !isOfDevice(at)) return packet;
      const passing = { name: at.name, device: at.params.device, payload: packet.payload as Buffer };
      if (injected.has(packet.payload as Buffer)) return packet;
      seen.push(passing);
      const payload = hostile.tamper(passing);
      return payload === undefined ? null : Object.assign(Object.create(packet) as typeof packet, { payload });
    },
  });
  const injected = new WeakSet<Buffer>();
  const sockets = new Set<TLSSocket>();
  const listener = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    broker.handle(socket);
  });
  listener.listen(port, "127.0.0.1");
  await once(listener, "listening");
  return {
    url: urlOf((listener.address() as AddressInfo).port),
    seen,
    get tamper() {
      return hostile.tamper;
    },
    set tamper(tamper) {
      hostile.tamper = tamper;
    },
    inject: (topic, payload) =>
      new Promise((resolve, reject) => {
        const bytes = Buffer.from(payload);
        injected.add(bytes);
        const packet = { cmd: "publish", topic, payload: bytes, qos: 1, dup: false, retain: false } as const;
        broker.publish(packet, (error) => (error ? reject(error) : resolve()));
      }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}

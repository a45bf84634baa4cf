import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Identity } from "@edgemere/agent";
import { formatTopic } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { bytesOf, connected, credentialsOf, enrolled } from "../world/bare-device.ts";
import { happenings, newestNumber } from "../world/happenings.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

let world: World;
let good: Identity;
before(async () => {
  world = await startWorld();
  good = await enrolled(world, "good");
});
after(() => world[Symbol.asyncDispose]());

/** So long a device may flood before it is in quarantine. */
const WITHIN = 10 * SECOND;
const hello = bytesOf("hello", { bootId: "boot-1", sessionEpoch: 1, agentVersion: "0.1.0" });
const event = (sequence: number) =>
  bytesOf("event", {
    records: [{ sequence, atMs: Date.now(), agentEvent: { name: "note" } }],
    firstUnacknowledged: sequence,
    sessionEpoch: 1,
  });

/** A device's way to overdo it, again and again until it is told to stop. */
type Flood = (attacker: Identity, stop: AbortSignal) => Promise<void>;

const untilStopped = async (stop: AbortSignal, one: (turn: number) => Promise<unknown>): Promise<void> => {
  for (let turn = 1; !stop.aborted; turn++)
    await one(turn).catch(() => new Promise((resolve) => setImmediate(resolve)));
};

const floods: Readonly<Record<string, Flood>> = {
  "well-formed messages, waiting for no answer": async (attacker, stop) => {
    await using device = await connected(attacker);
    await device.say("hello", hello);
    const topic = formatTopic("event", attacker);
    await untilStopped(stop, (turn) =>
      Promise.race([
        Promise.all(
          Array.from({ length: 100 }, (_, i) =>
            device.client.publishAsync(topic, Buffer.from(event(turn * 100 + i - 99)), { qos: 0 }),
          ),
        ),
        once(stop, "abort"),
      ]),
    );
  },
  "bytes that mean nothing": async (attacker, stop) => {
    await using device = await connected(attacker);
    await untilStopped(stop, () => Promise.race([device.say("event", Buffer.from("nonsense")), once(stop, "abort")]));
  },
  "filters for what is another's": async (attacker, stop) => {
    await using device = await connected(attacker);
    const filters = (turn: number) => Array.from({ length: 100 }, (_, i) => `edgemere/v1/${turn}-${i}/down/sync`);
    await untilStopped(stop, (turn) =>
      Promise.race([device.client.subscribeAsync(filters(turn), { qos: 1 }), once(stop, "abort")]),
    );
  },
  "its own filters, again and again": async (attacker, stop) => {
    await using device = await connected(attacker);
    const filter = formatTopic("sync", attacker);
    await untilStopped(stop, () =>
      Promise.race([
        Promise.all(Array.from({ length: 20 }, () => device.client.subscribeAsync(filter, { qos: 1 }))),
        once(stop, "abort"),
      ]),
    );
  },
  "messages to be kept, one on each connection": async (attacker, stop) => {
    await untilStopped(stop, async () => {
      await using device = await connected(attacker);
      device.client.publish(formatTopic("event", attacker), "kept", { qos: 1, retain: true });
      await device.closed;
    });
  },
  "messages of QoS 2 that it never completes": async (attacker, stop) => {
    await untilStopped(stop, async () => {
      await using device = await connected(attacker);
      device.client.publish(formatTopic("event", attacker), "half", { qos: 2 });
      await device.closed;
    });
  },
  connections: async (attacker, stop) => {
    await untilStopped(stop, async () => {
      await using _ = await connected(attacker);
    });
  },
};

for (const [what, flood] of Object.entries(floods))
  test(`T27 a device that floods with ${what} is in quarantine within ten seconds, and another is heard as before`, async () => {
    const name = `flooder-${what.replaceAll(/[^a-z0-9]/g, "-")}`;
    const attacker = await enrolled(world, name);
    await using other = await connected(good);
    const begunAt = await newestNumber(world);
    const stop = new AbortController();
    const since = Date.now();

    const flooding = flood(attacker, stop.signal);
    const seen = await happenings(world, {
      types: ["device.quarantined"],
      after: begunAt,
      until: ({ subject }) => subject === attacker.device,
    }).finally(() => stop.abort());
    await other.say("hello", hello);
    await flooding;

    const quarantined = seen.at(-1);
    assert.ok((quarantined?.at ?? Infinity) - since <= WITHIN, `after ${(quarantined?.at ?? 0) - since} ms`);
    assert.match(String(quarantined?.data["quarantineReason"]), /floods the control plane/);
    const { refusals } = await world.client.call("cpl/dm/device/accounting", { device: name });
    assert.ok((refusals["misconduct"] ?? 0) >= 1);
    assert.equal((await world.client.call("cpl/dm/device/find", { device: "good" })).state, "active");
  });

test("T27 a device that was held back is read as before when an operator has released it", async () => {
  const flooders = (await world.client.call("cpl/dm/device/list", { selector: 'state == "quarantined"' })).items;
  const [flooder] = flooders;
  assert.ok(flooder);

  await world.client.call("cpl/dm/device/release", { device: flooder.id });

  assert.equal((await world.client.call("cpl/dm/device/find", { device: flooder.id })).state, "active");
});

/** From an address of its own: on Linux every 127.x.y.z is this machine. */
const ATTACKER = "127.0.0.66";
const opened: Socket[] = [];
const strange = (localAddress = ATTACKER): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = connectTcp({ port: world.controlPlane.ready.ports.mqtt, host: "127.0.0.1", localAddress });
    opened.push(socket);
    socket.on("error", () => {});
    socket.once("connect", () => resolve(socket));
  });

const goodIsHeard = async (): Promise<void> => {
  await using device = await connected(good);
  await device.say("hello", hello);
};
const letGo = () => {
  for (const socket of opened.splice(0)) socket.destroy();
};
const totals = async () => (await world.client.call("cpl/dm/session/refusals")).refusals;

test("T26 two thousand silent connections keep no device out, and those that are too many are counted", async () => {
  const before = (await totals())["too-many"] ?? 0;

  for (let i = 0; i < 2_000; i++) await strange();
  await goodIsHeard();

  await eventually(async () => ((await totals())["too-many"] ?? 0) >= before + 900, "those turned away to be counted");
  letGo();
});

const CLIENT_HELLO_BEGINS = Buffer.from("160301020001", "hex");
for (const [step, go] of [
  ["before a word is said", async () => void (await strange())],
  ["after the first bytes", async () => void (await strange()).write(CLIENT_HELLO_BEGINS)],
  ["after bytes that are no TLS", async () => void (await strange()).write("GET / HTTP/1.1\r\n\r\n")],
  [
    "when the other side has answered",
    async () => {
      const socket = await strange();
      const tls: TLSSocket = connectTls({ socket, rejectUnauthorized: false });
      tls.on("error", () => {});
      // With its first bytes the server has done its work; the client does none.
      await Promise.race([once(socket, "data"), once(socket, "close")]);
      socket.destroy();
    },
  ],
] as const)
  test(`T26 five hundred handshakes that are given up ${step} keep no device out`, async () => {
    await Promise.all(Array.from({ length: 500 }, go));

    await goodIsHeard();

    letGo();
  });

test("T26 who has shown a certificate and then says nothing is cut off after ten seconds, and counted", async () => {
  const attacker = await enrolled(world, "mute");
  const socket = connectTls({ port: world.controlPlane.ready.ports.mqtt, ...credentialsOf(attacker) });
  socket.on("error", () => {});
  await once(socket, "secureConnect");

  await once(socket, "close");

  await eventually(
    async () =>
      ((await world.client.call("cpl/dm/device/accounting", { device: "mute" })).refusals["malformed"] ?? 0) > 0,
    "the refusal to be counted",
  );
});

for (const [what, bytes] of [
  ["a CONNECT of 256 MiB", Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])],
  ["a length of five bytes", Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x01])],
  ["a PUBLISH before its CONNECT", Buffer.from([0x30, 0x03, 0x00, 0x01, 0x61])],
  ["a CONNECT of protocol 5", Buffer.from("101000044d5154540502003c000000036d7573".replace("6d7573", "616263"), "hex")],
  ["a CONNECT without a keep-alive", Buffer.from("100f00044d5154540402000000036162 63".replace(" ", ""), "hex")],
] as const)
  test(`T26 who begins with ${what} is cut off at once, and counted`, async () => {
    const name = `odd-${what.replaceAll(/[^a-z0-9]/gi, "-")}`;
    const attacker = await enrolled(world, name);
    const socket = connectTls({ port: world.controlPlane.ready.ports.mqtt, ...credentialsOf(attacker) });
    socket.on("error", () => {});
    await once(socket, "secureConnect");

    socket.write(bytes);
    socket.resume();
    await once(socket, "close");

    await eventually(async () => {
      const { refusals } = await world.client.call("cpl/dm/device/accounting", { device: name });
      return Object.values(refusals).some((count) => count > 0);
    }, "the refusal to be counted");
    await goodIsHeard();
  });

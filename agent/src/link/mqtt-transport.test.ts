import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { pack } from "@edgemere/protocol";
import { systemClock } from "@edgemere/protocol/kit";
import { CONNECT, DISCONNECT, PUBLISH, startBroker, SUBSCRIBE } from "./mqtt-transport-broker.test-support.ts";
import { timeBySystemClock } from "../clock/trusted-time.ts";
import { anAuthority } from "./certificates.test-support.ts";
import { DEVICE, keyring } from "./control-plane.test-support.ts";
import type { Identity } from "./identity.ts";
import { mqttTransport } from "./mqtt-transport.ts";

const bye = pack("bye", { device: DEVICE }, { sessionEpoch: 1, reason: "connection lost" });

function anIdentity(authority: ReturnType<typeof anAuthority>, address: string): Identity {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = publicKey.export({ format: "der", type: "spki" });
  const key = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const rest = { name: "host", trustDomain: "test", server: "https://127.0.0.1", messageKey: key, keyring };
  const certificate = authority.certify({ name: DEVICE, publicKey: der });
  return { ...rest, device: DEVICE, mqtt: [address], certificate, chain: [], rootCertificate: authority.root, key };
}

/** A broker, and a way to connect to it that remembers what was told. */
async function aWorld(
  over: { returnCode?: number; acknowledges?: boolean; stranger?: boolean; refuses?: boolean } = {},
) {
  const authority = anAuthority();
  const { server } = over.stranger ? anAuthority() : authority;
  const broker = await startBroker({ ...over, server, root: authority.root });
  const told = new EventTarget();
  const lost: string[] = [];
  const arrived: string[] = [];
  const moved: number[] = [];
  const events = {
    moved: (bytes: number) => void moved.push(bytes),
    arrived: (topic: string, payload: Uint8Array) => {
      arrived.push(`${topic} ${Buffer.from(payload).toString()}`);
      told.dispatchEvent(new Event("arrived"));
    },
    lost: (reason: string) => {
      lost.push(reason);
      told.dispatchEvent(new Event("lost"));
    },
  };
  const identity = anIdentity(authority, broker.address);
  const transport = mqttTransport({ identity, keepalive: () => 60_000, clock: systemClock });
  const time = timeBySystemClock(systemClock.now());
  const connect = (signal = new AbortController().signal, { address } = broker) =>
    transport.connect({ address, will: bye, time }, events, signal);
  return { broker, connect, lost, arrived, moved, told, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}

const kinds = (heard: readonly { readonly kind: number }[]) => heard.map(({ kind }) => kind);

test("a connection proves the device, leaves its will, subscribes, and ends with a goodbye", async () => {
  await using world = await aWorld();
  const connection = await world.connect();
  await connection.publish(bye);
  await connection.close();
  await world.broker.ended();

  assert.deepEqual(world.broker.names, [DEVICE]);
  assert.deepEqual(kinds(world.broker.heard), [CONNECT, SUBSCRIBE, PUBLISH, DISCONNECT]);
  assert.match(world.broker.heard[0]?.content.toString() ?? "", /device-1.*up\/bye.*connection lost/s);
  assert.match(world.broker.heard[1]?.content.toString() ?? "", /down\/sync.*down\/command.*down\/ack/s);
  assert.deepEqual(world.lost, []);
});

test("what the broker says arrives", async () => {
  await using world = await aWorld();
  const connection = await world.connect();
  world.broker.say("some/topic", "hello");
  await once(world.told, "arrived");
  await connection.close();

  assert.deepEqual(world.arrived, ["some/topic hello"]);
});

test("what a connection takes on the wire is told as it goes on: what TLS sends, and a fair share of headers", async () => {
  await using world = await aWorld();
  const connection = await world.connect();
  const payload = new Uint8Array(2_000);
  for (let i = 0; i < 50; i++) await connection.publish({ topic: "some/topic", payload, qos: 1 });
  await connection.close();
  await world.broker.ended();

  const told = world.moved.reduce((sum, bytes) => sum + bytes, 0);
  const encrypted = world.broker.encryptedBytes();
  assert.ok(told > encrypted, `${told} told, ${encrypted} went`);
  assert.ok(told < 1.5 * encrypted, `${told} told, ${encrypted} went`);
});

test("a connection that is lost says so once, and what waited for its acknowledgement fails", async () => {
  await using world = await aWorld({ acknowledges: false });
  const connection = await world.connect();
  const publishing = assert.rejects(connection.publish(bye));
  world.broker.hangUp();
  await Promise.all([publishing, once(world.told, "lost")]);
  await connection.close();

  assert.equal(world.lost.length, 1);
  await assert.rejects(connection.publish(bye));
});

test("a broker that does not want the device refuses it", async () => {
  await using world = await aWorld({ returnCode: 5 });

  await assert.rejects(world.connect(), { name: "ConnectError", kind: "refused", message: /refused this device/ });
});

test("a broker that is busy does not refuse the device", async () => {
  await using world = await aWorld({ returnCode: 3 });

  await assert.rejects(world.connect(), { name: "ConnectError", kind: "busy" });
});

test("whatever the address is called, what answers there must be the control plane", async () => {
  await using world = await aWorld();
  await using stranger = await aWorld();
  const never = new AbortController().signal;

  await assert.rejects(world.connect(never, stranger.broker), {
    kind: "unreachable",
    message: /no connection to the broker at mqtts:\/\/127\.0\.0\.1:\d+: .*not this device's control plane/,
  });
  await (await world.connect(never, world.broker)).close();
  assert.deepEqual([world.broker.names, stranger.broker.heard], [[DEVICE], []]);
});

test("a broker with a certificate of another authority learns nothing", async () => {
  await using world = await aWorld({ stranger: true });

  await assert.rejects(world.connect(), { name: "ConnectError", kind: "unreachable" });
  assert.deepEqual(world.broker.heard, []);
});

test("connecting can be given up", async () => {
  await using world = await aWorld();

  await assert.rejects(world.connect(AbortSignal.abort()), { name: "ConnectError", kind: "unreachable" });
});

test("a broker that refuses a subscription is connected to, and what it refuses is known", async () => {
  await using world = await aWorld({ refuses: true });
  const connection = await world.connect();
  await connection.publish(bye);
  await connection.close();

  assert.deepEqual(connection.refusedTopics, [`edgemere/v1/${DEVICE}/down/sync`]);
});

test("the next connection resumes the TLS session of the one before, and needs no second proof of who is who", async () => {
  await using world = await aWorld();
  for (let time = 0; time < 3; time++) {
    const connection = await world.connect();
    await connection.publish(bye);
    await connection.close();
    await world.broker.ended();
  }

  assert.deepEqual(world.broker.resumed, [false, true, true]);
  assert.deepEqual(world.broker.names, [DEVICE, DEVICE, DEVICE]);
});

test("a TLS session outlives tries that reached nobody, so that a fleet does not prove itself anew after every restart", async () => {
  await using world = await aWorld();
  const { broker, connect } = world;
  await (await connect()).close();
  await broker.stop();
  for (let time = 0; time < 3; time++) await assert.rejects(connect(), { kind: "unreachable" });
  await broker.listen();
  await (await connect()).close();

  assert.deepEqual(broker.resumed, [false, true]);
});

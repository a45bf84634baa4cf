import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { MqttClient } from "mqtt";
import { SERVER_NAME } from "@edgemere/protocol";
import { RecordingLink, startedBroker } from "./broker.test-support.ts";

const closeOf = (client: MqttClient) => new Promise<void>((resolve) => client.once("close", () => resolve()));
const messageOf = (client: MqttClient) =>
  new Promise<string>((resolve) => client.once("message", (_, payload) => resolve(String(payload))));
const topicOf = (device: string, tail: string) => `edgemere/v1/${device}/${tail}`;

test("what a device publishes for itself reaches the link before it is acknowledged", async () => {
  await using world = await startedBroker();
  const client = await world.connect("gw1");

  await client.publishAsync(topicOf("gw1", "up/telemetry"), "one", { qos: 1 });

  assert.deepEqual(world.link.messages, [{ device: "gw1", topic: topicOf("gw1", "up/telemetry"), payload: "one" }]);
  await client.endAsync();
});

test("what is said in answer to a message goes to the device in one piece with its PUBACK", async () => {
  await using world = await startedBroker({ link: new AnsweringLink() });
  const client = await world.connect("gw1");
  await client.subscribeAsync(topicOf("gw1", "down/ack"), { qos: 1 });
  const heard = messageOf(client);
  const pieces: Buffer[] = [];
  client.stream.on("data", (piece: Buffer) => pieces.push(piece));

  await client.publishAsync(topicOf("gw1", "up/telemetry"), "one", { qos: 1 });

  assert.equal(await heard, "taken");
  assert.equal(pieces.length, 1);
  await client.endAsync();
});

class AnsweringLink extends RecordingLink {
  override async arrived(device: string, topic: string, payload: Uint8Array): Promise<void> {
    await super.arrived(device, topic, payload);
    await this.carrier?.send({ topic: topicOf(device, "down/ack"), payload: Buffer.from("taken"), qos: 0 }, device);
  }
}

test("a device that speaks on another's topic is cut off and counted, and nothing is heard", async () => {
  await using world = await startedBroker();
  const client = await world.connect("gw1");
  client.on("error", () => {});

  client.publish(topicOf("gw2", "up/telemetry"), "forged", { qos: 1 });
  await closeOf(client);

  assert.deepEqual(world.link.messages, []);
  assert.deepEqual(world.link.refused, [{ device: "gw1", reason: "not-yours" }]);
});

for (const [topic, reason] of [
  ["edgemere/v1/gw1/down/command", "wrong-direction"],
  ["edgemere/v1/gw1/up/anything", "unknown-topic"],
  ["edgemere/v1/events/device/online", "not-yours"],
] as const) {
  test(`a device that speaks on ${topic} is cut off and counted as ${reason}`, async () => {
    await using world = await startedBroker();
    const client = await world.connect("gw1");
    client.on("error", () => {});

    client.publish(topic, "forged", { qos: 1 });
    await closeOf(client);

    assert.deepEqual(world.link.messages, []);
    assert.deepEqual(world.link.refused, [{ device: "gw1", reason }]);
  });
}

test("a device hears what is said to it, and is refused every other filter", async () => {
  await using world = await startedBroker();
  const client = await world.connect("gw1");

  const granted = await Promise.all(
    [topicOf("gw1", "down/sync"), topicOf("gw2", "down/sync"), "#", topicOf("+", "down/sync"), "$SYS/#"].map((filter) =>
      client.subscribeAsync(filter, { qos: 1 }).then(
        ([grant]) => grant?.qos,
        () => "refused",
      ),
    ),
  );
  const heard = messageOf(client);
  await world.link.carrier?.send({ topic: topicOf("gw1", "down/sync"), payload: Buffer.from("hello"), qos: 1 }, "gw1");

  assert.deepEqual(granted, [1, "refused", "refused", "refused", "refused"]);
  assert.equal(await heard, "hello");
  await client.endAsync();
});

for (const [title, more] of [
  ["a client id that is not the certificate's", { clientId: "gw2" }],
  ["a user name", { username: "root", password: "secret" }],
  ["a session that outlives the connection", { clean: false }],
  ["a will on another's topic", { will: { topic: topicOf("gw2", "up/bye"), payload: "", qos: 1 as const } }],
  ["a retained will", { will: { topic: topicOf("gw1", "up/bye"), payload: "", qos: 1 as const, retain: true } }],
] as const) {
  test(`a device is not let in with ${title}`, async () => {
    await using world = await startedBroker();

    await assert.rejects(world.connect("gw1", { ...more, connectTimeout: 5_000 }));

    assert.deepEqual(world.link.messages, []);
  });
}

test("a device that the control plane refuses is told that it is not authorised", async () => {
  await using world = await startedBroker({ admit: async () => ({ kind: "refused", why: "the device was retired" }) });

  await assert.rejects(world.connect("gw1"), /Not authorized/);
});

test("a device that is retired while it comes in is disconnected", async () => {
  let asked = 0;
  await using world = await startedBroker({
    admit: async () => (asked++ === 0 ? { kind: "admitted" } : { kind: "refused", why: "the device was retired" }),
  });

  const client = await world.connect("gw1");
  await closeOf(client);

  assert.equal(asked, 2);
});

test("a device is told to come back when the control plane cannot tell", async () => {
  await using world = await startedBroker({
    admit: async () => {
      throw new Error("the store is busy");
    },
  });

  await assert.rejects(world.connect("gw1"), /Server unavailable/);
});

test("nobody comes in without a certificate of this control plane's own", async () => {
  await using world = await startedBroker();
  await using other = await startedBroker();
  const foreign = await other.identify("gw1");

  await assert.rejects(world.connect("gw1", { key: "", cert: "" }));
  await assert.rejects(world.connect("gw1", foreign));
});

test("a CONNECT that announces 200 MiB is cut off by its header, and others do not notice", async () => {
  await using world = await startedBroker();
  const { key, cert } = await world.identify("gw1");
  const socket = connectTls({
    port: world.broker.port,
    ca: world.authority.root,
    servername: SERVER_NAME,
    key: key as string,
    cert,
  });
  socket.on("error", () => {});
  await once(socket, "secureConnect");

  const before = process.memoryUsage().rss;
  socket.write(Uint8Array.of(0x10, 0x80, 0x80, 0x80, 0x64));
  while (!socket.closed) await new Promise((resolve) => socket.write(Buffer.alloc(64 * 1024), resolve));

  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
  const client = await world.connect("gw2");
  await client.publishAsync(topicOf("gw2", "up/event"), "fine", { qos: 1 });
  assert.equal(world.link.messages.length, 1);
  await client.endAsync();
});

test("a message over the limit is counted and ends the connection that sent it", async () => {
  await using world = await startedBroker();
  const client = await world.connect("gw1");
  client.on("error", () => {});

  client.publish(topicOf("gw1", "up/telemetry"), Buffer.alloc(300 * 1024), { qos: 1 });
  await closeOf(client);

  assert.deepEqual(world.link.messages, []);
  assert.deepEqual(world.link.refused, [{ device: "gw1", reason: "too-large" }]);
});

test("a device that stops reading is cut off and stalls neither the others nor the control plane", async () => {
  await using world = await startedBroker();
  const stalled = await world.connect("stalled");
  stalled.on("error", () => {});
  const lively = await world.connect("lively");
  await stalled.subscribeAsync(topicOf("stalled", "down/sync"), { qos: 1 });
  await lively.subscribeAsync(topicOf("lively", "down/sync"), { qos: 1 });
  (stalled.stream as unknown as { pause(): void; socket?: { pause(): void } }).pause();

  const gone = world.link.until(() => world.link.gone.includes("stalled"));
  const payload = Buffer.alloc(200 * 1024);
  const flood = Array.from({ length: 400 }, async () =>
    world.link.carrier?.send({ topic: topicOf("stalled", "down/sync"), payload, qos: 1 }, "stalled"),
  );
  const heard = messageOf(lively);
  await world.link.carrier?.send(
    { topic: topicOf("lively", "down/sync"), payload: Buffer.from("still here"), qos: 1 },
    "lively",
  );

  assert.equal(await heard, "still here");
  await gone;
  await Promise.allSettled(flood);
  await lively.publishAsync(topicOf("lively", "up/event"), "fine", { qos: 1 });
  assert.equal(world.link.messages.at(-1)?.payload, "fine");
  stalled.end(true);
  await lively.endAsync();
});

test("a will of a broker that is gone is published for its owner and ends nothing", async () => {
  await using world = await startedBroker({ heartbeatEvery: 20 });
  const broker = world.broker.broker as unknown as {
    id: string;
    persistence: { putWill(client: object, packet: object): Promise<void> };
  };
  const will = { topic: topicOf("gw1", "up/bye"), payload: Buffer.from("bye"), qos: 1, retain: false, cmd: "publish" };

  // The persistence writes the broker's name on a will when it is put.
  const name = broker.id;
  broker.id = "a broker that is gone";
  await broker.persistence.putWill({ id: "gw1" }, will);
  broker.id = name;
  await world.link.until(() => world.link.messages.length > 0);

  assert.equal(world.link.messages[0]?.device, "gw1");
  const client = await world.connect("gw2");
  await client.endAsync();
});

test("after a takeover the end of the old connection does not end the new one's session", async () => {
  await using world = await startedBroker();
  const identity = await world.identify("gw1");
  const first = await world.connect("gw1", identity);
  first.on("error", () => {});
  const closed = closeOf(first);

  const second = await world.connect("gw1", identity);
  await closed;
  await second.publishAsync(topicOf("gw1", "up/event"), "here", { qos: 1 });

  assert.deepEqual(world.link.gone.filter((device) => device === "gw1").length <= 1, true);
  assert.equal(world.link.messages.at(-1)?.payload, "here");
  await second.endAsync();
});

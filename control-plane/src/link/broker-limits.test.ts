import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { MqttClient } from "mqtt";
import { SERVER_NAME } from "@edgemere/protocol";
import { ManualClock } from "@edgemere/protocol/simulated";
import { SECOND, systemClock } from "@edgemere/protocol/kit";
import { allowances } from "./conduct.ts";
import { RecordingLink, startedBroker } from "./broker.test-support.ts";

const closeOf = (client: MqttClient) => new Promise<void>((resolve) => client.once("close", () => resolve()));
const topicOf = (device: string, tail: string) => `edgemere/v1/${device}/${tail}`;

test("a device that tries to connect again and again is told that we are busy, and the others are let in", async () => {
  const clock = new ManualClock(systemClock.now());
  await using world = await startedBroker({ clock, admit: async () => ({ kind: "refused", why: "retired" }) });
  const identity = await world.identify("gw1");
  for (let attempt = 0; attempt < 60; attempt++) await assert.rejects(world.connect("gw1", identity), /Not authorized/);

  await assert.rejects(world.connect("gw1", identity), /Server unavailable/);
  await assert.rejects(world.connect("gw2"), /Not authorized/);

  assert.deepEqual(
    world.link.refused.filter(({ reason }) => reason !== "not-admitted"),
    [{ device: "gw1", reason: "too-many" }],
  );
  assert.deepEqual(
    world.link.accused.map(({ device }) => device),
    ["gw1"],
  );
  await clock.advance(SECOND);
  await assert.rejects(world.connect("gw1", identity), /Not authorized/);
});

/** CONNECT of MQTT 3.1.1 with a clean session and these flags besides, by hand. */
const connectPacket = (id: string, flags = 0, ...rest: readonly string[]) => {
  const texts = [id, ...rest].map((each) => Buffer.concat([Buffer.of(0, each.length), Buffer.from(each)]));
  const body = Buffer.concat([Buffer.from("\0\x04MQTT\x04"), Buffer.of(2 | flags, 0, 60), ...texts]);
  return Buffer.concat([Buffer.of(0x10, body.length), body]);
};

test("a connection that is gone before anybody asks for its certificate is no failure of ours", async () => {
  await using world = await startedBroker();
  const { key, cert } = await world.identify("gw1");
  const how = { port: world.broker.port, host: "127.0.0.1", ca: world.authority.root, servername: SERVER_NAME };
  const raw = connectTls({ ...how, key, cert } as ConnectionOptions);
  await once(raw, "secureConnect");

  // More packets at once than the broker keeps for somebody who is not let in yet: it ends the connection by itself.
  raw.write(Buffer.concat([connectPacket("gw1"), Buffer.alloc(2 * 100, "c000", "hex")]));
  await once(raw, "close");

  const other = await world.connect("gw2");
  await other.publishAsync(topicOf("gw2", "up/event"), "heard", { qos: 1 });
  assert.equal(world.link.messages.at(-1)?.payload, "heard");
  await other.endAsync();
});

test("a device that comes with a password and no user name is not let in", async () => {
  await using world = await startedBroker();
  const { key, cert } = await world.identify("gw1");
  const how = { port: world.broker.port, host: "127.0.0.1", ca: world.authority.root, servername: SERVER_NAME };
  const raw = connectTls({ ...how, key, cert } as ConnectionOptions);
  await once(raw, "secureConnect");

  raw.write(connectPacket("gw1", 0x40, "secret"));
  const [answer] = (await once(raw, "data")) as [Buffer];
  raw.destroy();

  assert.deepEqual([...answer], [0x20, 2, 0, 4]);
});

test("a ping is a sign of life", async () => {
  await using world = await startedBroker();
  const client = await world.connect("gw1");

  client.sendPing();
  await world.link.until(() => world.link.alive.length > 0);

  assert.deepEqual(world.link.alive, ["gw1"]);
  await client.endAsync();
});

test("a device whose message the broker does not finish is cut off within ten seconds, and the broker goes on", async () => {
  const clock = new ManualClock(systemClock.now());
  await using world = await startedBroker({ clock });
  const { persistence } = world.broker.broker as unknown as {
    persistence: { subscriptionsByTopic(): Promise<unknown> };
  };
  const working = persistence.subscriptionsByTopic.bind(persistence);
  const client = await world.connect("gw1");
  client.on("error", () => {});
  persistence.subscriptionsByTopic = () => Promise.reject(new Error("the persistence failed"));
  await client.publishAsync(topicOf("gw1", "up/event"), "heard", { qos: 1 });
  persistence.subscriptionsByTopic = working;

  const closed = closeOf(client);
  await clock.advance(10 * SECOND);
  await closed;

  const again = await world.connect("gw1");
  await again.publishAsync(topicOf("gw1", "up/event"), "heard again", { qos: 1 });
  assert.equal(world.link.messages.at(-1)?.payload, "heard again");
  await again.endAsync();
});

/** Nothing that it is told is ever stored. */
class StuckLink extends RecordingLink {
  override async arrived(device: string, topic: string, payload: Uint8Array): Promise<void> {
    await super.arrived(device, topic, payload);
    return new Promise(() => {});
  }
}

test("a device that floods is accused of all that is read from it, also while nothing of it is stored", async () => {
  const clock = new ManualClock(systemClock.now());
  await using world = await startedBroker({ clock, link: new StuckLink(clock) });
  const client = await world.connect("gw1");
  client.on("error", () => {});

  for (let i = 0; i <= allowances.message.burst; i++)
    client.publish(topicOf("gw1", "up/event"), "x".repeat(100), { qos: 1 });
  await world.link.until(() => world.link.accused.length > 0);

  assert.match(world.link.accused[0]?.reason ?? "", /more than 400 messages/);
});

test("a device whose message is not stored in time is cut off, and has no PUBACK", async () => {
  const clock = new ManualClock(systemClock.now());
  await using world = await startedBroker({ clock, link: new StuckLink() });
  const client = await world.connect("gw1");
  client.on("error", () => {});
  let isAcknowledged = false;
  client.publish(topicOf("gw1", "up/event"), "stuck", { qos: 1 }, (error) => (isAcknowledged = error === undefined));
  await world.link.until(() => world.link.messages.length > 0);

  const closed = closeOf(client);
  await clock.advance(10 * SECOND);
  await closed;

  assert.equal(isAcknowledged, false);
});

test("a message that the broker cannot hand on is failed, so that what follows for the same device is not held up", async () => {
  const clock = new ManualClock(systemClock.now());
  await using world = await startedBroker({ clock });
  const client = await world.connect("gw1");
  await client.subscribeAsync(topicOf("gw1", "down/sync"), { qos: 1 });
  const { clients } = world.broker.broker as unknown as { clients: Record<string, { publish(): void }> };
  Object.assign(clients["gw1"] ?? {}, { publish: () => {} });

  const sent = world.link.carrier?.send(
    { topic: topicOf("gw1", "down/sync"), payload: Buffer.from("x"), qos: 1 },
    "gw1",
  );
  const failed = assert.rejects(sent ?? Promise.resolve(), /not sent in time/);
  await clock.advance(10 * SECOND);

  await failed;
});

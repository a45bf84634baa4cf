import assert from "node:assert/strict";
import { test } from "node:test";
import type { MqttClient } from "mqtt";
import { ManualClock } from "@edgemere/protocol/simulated";
import { SECOND, systemClock } from "@edgemere/protocol/kit";
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

test("a device whose message is not stored in time is cut off, and has no PUBACK", async () => {
  const clock = new ManualClock(systemClock.now());
  class StuckLink extends RecordingLink {
    override async arrived(device: string, topic: string, payload: Uint8Array): Promise<void> {
      await super.arrived(device, topic, payload);
      return new Promise(() => {});
    }
  }
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
  const { persistence } = world.broker.broker as unknown as {
    persistence: { subscriptionsByTopic(): Promise<unknown> };
  };
  persistence.subscriptionsByTopic = () => Promise.reject(new Error("the persistence failed"));

  const sent = world.link.carrier?.send({ topic: topicOf("gw1", "down/sync"), payload: Buffer.from("x"), qos: 1 });
  const failed = assert.rejects(sent ?? Promise.resolve(), /not sent in time/);
  await clock.advance(10 * SECOND);

  await failed;
});

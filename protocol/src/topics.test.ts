import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { limits } from "./limits.ts";
import {
  deviceFilters,
  EVENTS_ROOT,
  formatTopic,
  isDeviceId,
  mayPublish,
  mayReceive,
  parseTopic,
  subscriptionsOf,
  topics,
  TELEMETRY_ROOT,
  type DownTopicName,
  type TopicName,
  type UpTopicName,
} from "./topics.ts";

const names = Object.keys(topics) as TopicName[];
const deviceTopics = names.filter((name): name is UpTopicName | DownTopicName => topics[name].way !== "out");
const upTopics = deviceTopics.filter((name) => topics[name].way === "up");
const downTopics = deviceTopics.filter((name) => topics[name].way === "down");
const topicOf = (name: (typeof deviceTopics)[number], device: string) => formatTopic(name, { device });

for (const name of deviceTopics) {
  test(`what is written to the ${name} topic is read back with its device`, () => {
    const topic = topicOf(name, "01JD8ZK7XW4V3N5B6M7Q8R9S0T");

    assert.deepEqual(parseTopic(topic), { name, params: { device: "01JD8ZK7XW4V3N5B6M7Q8R9S0T" } });
  });

  test(`the ${name} topic holds at most one message of the broker's size and is acknowledged, if nothing above it sends again`, () => {
    const isSentAgain = ["terminal", "keystrokes", "ack"].includes(name);

    assert.ok(topics[name].maxBytes <= limits.messageBytes);
    assert.equal(topics[name].qos, isSentAgain ? 0 : 1);
  });
}

test("a domain event's topic is read back with its class and event", () => {
  const params = { class: "datarequest", event: "created" };
  const topic = formatTopic("domainEvent", params);

  assert.equal(topic, "edgemere/v1/events/datarequest/created");
  assert.deepEqual(parseTopic(topic), { name: "domainEvent", params });
  assert.ok(topic.startsWith(EVENTS_ROOT));
});

test("the topic of a device's samples is read back with it, and is none that a device speaks or hears on", () => {
  const topic = formatTopic("samples", { device: "d1" });

  assert.deepEqual(parseTopic(topic), { name: "samples", params: { device: "d1" } });
  assert.ok(topic.startsWith(TELEMETRY_ROOT));
  assert.deepEqual([mayPublish("d1", topic), mayReceive("d1", topic)], [false, false]);
});

test("the topic of samples of a device below is its id there, and none that a device speaks or hears on", () => {
  const topic = formatTopic("samplesBelow", { origin: "up", theirs: "hello" });

  assert.equal(topic, `${TELEMETRY_ROOT}up/hello`);
  assert.deepEqual(parseTopic(topic), { name: "samplesBelow", params: { origin: "up", theirs: "hello" } });
  assert.deepEqual([mayPublish("telemetry", topic), mayReceive("telemetry", topic)], [false, false]);
  assert.throws(() => formatTopic("samplesBelow", { origin: "+", theirs: "d1" }), RangeError);
  assert.throws(() => formatTopic("samplesBelow", { origin: "edge", theirs: "d1/#" }), RangeError);
});

test("no two topics of one device are the same", () => {
  assert.equal(new Set(deviceTopics.map((name) => topicOf(name, "d1"))).size, deviceTopics.length);
});

const anId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).filter(isDeviceId);
const aLevel = fc.oneof(anId, fc.constantFrom("edgemere", "v1", "up", "down", "events", "hello", "sync", "#", "+", ""));

test("whatever the id, what is written to a topic is read back as it was", () => {
  const roundTrip = (name: (typeof deviceTopics)[number], device: string) =>
    assert.deepEqual(parseTopic(topicOf(name, device)), { name, params: { device } });

  fc.assert(fc.property(fc.constantFrom(...deviceTopics), anId, roundTrip));
});

test("whatever its levels, a topic that is read is written back as it was", () => {
  fc.assert(
    fc.property(fc.array(aLevel, { maxLength: 7 }), (levels) => {
      const topic = levels.join("/");
      const at = parseTopic(topic);

      assert.equal(at === undefined ? topic : formatTopic(at.name, at.params as never), topic);
    }),
  );
});

test("whatever the topic, a device may use it only if its own id stands in it, and in one direction only", () => {
  fc.assert(
    fc.property(anId, anId, fc.constantFrom(...deviceTopics), (own, other, name) => {
      const topic = topicOf(name, other);
      const isOwn = own === other;

      assert.equal(mayPublish(own, topic), isOwn && topics[name].way === "up");
      assert.equal(mayReceive(own, topic), isOwn && topics[name].way === "down");
    }),
  );
});

const badIds = {
  "nothing at all": "",
  "a level separator": "a/b",
  "a single-level wildcard": "+",
  "a multi-level wildcard": "#",
  "a wildcard inside": "a+b",
  "a NATS separator": "a.b",
  "a NATS wildcard": "a*",
  "a system prefix": "$SYS",
  "a space": "a b",
  "a newline at the end": "a\n",
  "a NUL": "a\0",
  "a letter outside ASCII": "gerät",
  "65 characters": "a".repeat(65),
};
for (const [what, id] of Object.entries(badIds)) {
  test(`an id with ${what} is never written to a topic, read from one or subscribed to`, () => {
    assert.throws(() => topicOf("hello", id), RangeError);
    assert.throws(() => formatTopic("domainEvent", { class: "device", event: id }), RangeError);
    assert.throws(() => subscriptionsOf(id), RangeError);
    assert.equal(parseTopic(`edgemere/v1/${id}/up/hello`), undefined);
    assert.equal(mayPublish(id, `edgemere/v1/${id}/up/hello`), false);
    assert.equal(mayReceive(id, `edgemere/v1/${id}/down/sync`), false);
  });
}

for (const id of ["a", "A-_9", "constructor", "__proto__", "a".repeat(64)]) {
  test(`the id ${id} may stand in a topic`, () => {
    assert.deepEqual(parseTopic(topicOf("bye", id)), { name: "bye", params: { device: id } });
  });
}

for (const id of ["events", "telemetry"]) {
  test(`a device cannot be called ${id}, or it could speak among the ${id} told to subscribers`, () => {
    assert.equal(isDeviceId(id), false);
    assert.throws(() => topicOf("hello", id), RangeError);
    assert.equal(mayPublish(id, `edgemere/v1/${id}/up/hello`), false);
  });
}

test("a domain event whose words are those of a device topic is still a domain event", () => {
  const params = { class: "up", event: "hello" };

  assert.deepEqual(parseTopic(formatTopic("domainEvent", params)), { name: "domainEvent", params });
});

const strangers = [
  "",
  "/",
  "edgemere",
  "edgemere/v1/d1/up",
  "edgemere/v1/d1/up/hello/",
  "/edgemere/v1/d1/up/hello",
  "edgemere/v2/d1/up/hello",
  "edgemere/v1/d1/down/hello",
  "edgemere/v1/d1/up/toString",
  "Edgemere/v1/d1/up/hello",
  "$SYS/broker/new/clients",
];
for (const topic of strangers) {
  test(`"${topic}" is no topic of ours, and nobody may use it`, () => {
    assert.equal(parseTopic(topic), undefined);
    assert.equal(mayPublish("d1", topic), false);
    assert.equal(mayReceive("d1", topic), false);
  });
}

for (const name of upTopics) {
  test(`a device may publish ${name} for itself only, and hears nobody's`, () => {
    assert.equal(mayPublish("d1", topicOf(name, "d1")), true);
    assert.equal(mayPublish("d1", topicOf(name, "d2")), false);
    assert.equal(mayPublish("d1", topicOf(name, "D1")), false);
    assert.equal(mayReceive("d1", topicOf(name, "d1")), false);
    assert.equal(mayReceive("d1", topicOf(name, "d2")), false);
  });
}

for (const name of downTopics) {
  test(`a device may receive its own ${name} only, and publishes nobody's`, () => {
    assert.equal(mayReceive("d1", topicOf(name, "d1")), true);
    assert.equal(mayReceive("d1", topicOf(name, "d2")), false);
    assert.equal(mayPublish("d1", topicOf(name, "d1")), false);
    assert.equal(mayPublish("d1", topicOf(name, "d2")), false);
  });
}

for (const filter of ["#", "edgemere/v1/d1/down/#", "edgemere/v1/+/down/sync", "$share/g/edgemere/v1/d1/down/sync"]) {
  test(`a device may not receive by the filter ${filter}`, () => {
    assert.equal(mayReceive("d1", filter), false);
  });
}

test("domain events are for subscribers: a device neither publishes nor receives them", () => {
  const topic = formatTopic("domainEvent", { class: "device", event: "created" });

  assert.equal(mayPublish("device", topic), false);
  assert.equal(mayReceive("device", topic), false);
});

test("a device subscribes to literal filters, each of which it may receive, and to no more than allowed", () => {
  const filters = subscriptionsOf("d1");

  assert.deepEqual(
    filters,
    downTopics.map((name) => topicOf(name, "d1")),
  );
  assert.ok(filters.every((filter) => mayReceive("d1", filter)));
  assert.ok(filters.length <= limits.filters);
});

test("a topic with a forgotten or misspelt parameter does not compile, and throws all the same", () => {
  // @ts-expect-error: the device is missing
  assert.throws(() => formatTopic("hello", {}), RangeError);
  // @ts-expect-error: the event is missing
  assert.throws(() => formatTopic("domainEvent", { class: "device" }), RangeError);
  // @ts-expect-error: the parameter is called device
  assert.throws(() => formatTopic("hello", { devise: "d1" }), RangeError);
});

test("a misspelt topic does not compile, and throws all the same", () => {
  // @ts-expect-error: there is no such topic
  assert.throws(() => formatTopic("helo", { device: "d1" }), TypeError);
});

test("the filters of all devices cover what a device says, topic by topic, and nothing else", () => {
  assert.deepEqual(
    deviceFilters,
    upTopics.map((name) => topicOf(name, "d1").replace("/d1/", "/+/")),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { bodies, decode, pack, unpack, type DeviceTopicName } from "./codec.ts";
import type { GivenRecord } from "./in-columns.ts";
import { limits } from "./limits.ts";
import { v1 } from "./messages.ts";
import * as a from "./sample-messages.test-support.ts";
import { topics } from "./topics.ts";

const names = Object.keys(bodies) as DeviceTopicName[];

test("a packed message knows its topic and quality of service and arrives with its device", () => {
  const { topic, payload, qos } = pack("bye", { device: "d1" }, a.aBye({ reason: "update" }));

  assert.equal(topic, "edgemere/v1/d1/up/bye");
  assert.equal(qos, 1);
  assert.deepEqual(unpack(topic, payload), {
    name: "bye",
    device: "d1",
    message: v1.Bye.create({ sessionEpoch: 7, reason: "update" }),
  });
});

test("a message cannot be packed for a topic that carries another, nor without its device", () => {
  // @ts-expect-error: a hello's epoch is a number
  pack("hello", { device: "d1" }, { sessionEpoch: "7" });
  // @ts-expect-error: the device is missing
  assert.throws(() => pack("hello", {}, a.aHello()), RangeError);
  // @ts-expect-error: domain events are JSON, not of this codec
  assert.throws(() => pack("domainEvent", { class: "device", event: "created" }, {}), TypeError);
});

for (const name of names) {
  const { maxBytes } = topics[name];

  test(`${maxBytes + 1} bytes on the ${name} topic are too large before anybody decodes them`, () => {
    // These bytes are no message at all: a decoder that saw them would say malformed.
    assert.throws(() => a.arrive(name, Buffer.alloc(maxBytes + 1, 0xff)), {
      name: "ProtocolError",
      reason: "too-large",
    });
  });

  test(`${maxBytes} bytes on the ${name} topic are decoded`, () => {
    assert.throws(() => a.arrive(name, Buffer.alloc(maxBytes, 0xff)), { name: "ProtocolError", reason: "malformed" });
  });

  test(`an empty ${name} message is a message or is refused for what it lacks`, () => {
    assert.doesNotThrow(() => decode<unknown>(bodies[name], new Uint8Array()));
  });
}

test("a message over its topic's limit is our own fault and is not packed", () => {
  assert.throws(() => pack("bye", { device: "d1" }, { reason: "r".repeat(1_024) }), {
    name: "RangeError",
    message: "a bye message of 1027 bytes is over the limit of 1024",
  });
});

const malformed = {
  "a field cut off before its length": "0a",
  "a text longer than the message": "0a05414243",
  "a length of 2^32 - 1": "0affffffff0f",
  "a negative length": "0affffffffffffffffff01",
  "a number of 11 bytes": "10ffffffffffffffffffff01",
  "a number that never ends": "10ffffff",
  "field number 0": "0000",
  "a group that never ends": "9b01",
  "the end of a group that never began": "9c01",
  "wire type 6": "0e00",
  "a text that is no UTF-8": "0a02c328",
  "a text with an overlong letter": "0a02c080",
  "a text with half a surrogate pair": "0a03eda080",
  "a thousand nested groups": "9b01".repeat(1_000) + "9c01".repeat(1_000),
};
for (const [what, hex] of Object.entries(malformed)) {
  test(`bytes with ${what} are malformed`, () => {
    assert.throws(() => a.arrive("hello", Buffer.from(hex, "hex")), { name: "ProtocolError", reason: "malformed" });
  });
}

test("the decoder's own error stays behind the refusal as its cause", () => {
  assert.throws(
    () => a.arrive("hello", Buffer.from("0a", "hex")),
    (error: Error) => error.cause instanceof Error,
  );
});

test("a field of a newer protocol is passed over and not kept", () => {
  const { message } = a.arrive("bye", Buffer.concat([a.bytesOf("bye", a.aBye()), Buffer.from("9a0603414243", "hex")]));

  assert.deepEqual(message, v1.Bye.create({ sessionEpoch: 7, reason: "stopped" }));
});

test("a field of another wire type is passed over", () => {
  const { message } = a.arrive("bye", Buffer.from("080712016108f8ffffff0f1005", "hex"));

  assert.deepEqual(message, v1.Bye.create({ sessionEpoch: 0xfffffff8, reason: "a" }));
});

for (const topic of [
  "",
  "edgemere/v1/d1/up/else",
  "edgemere/v1/events/device/created",
  "edgemere/v1/events/up/hello",
]) {
  test(`the topic "${topic}" carries no device message`, () => {
    assert.throws(() => unpack(topic, a.bytesOf("hello", a.aHello())), {
      name: "ProtocolError",
      reason: "unknown-topic",
    });
  });
}

const event = (record: GivenRecord) => a.aBatch(record);
const withEpoch = (sessionEpoch: number) => ({ records: [], sessionEpoch });
const execOf = (exec: v1.ExecResult.$Properties) => a.aBatch(a.anEnd({ exec }));
const counters: Readonly<Record<string, readonly [DeviceTopicName, (value: number) => a.AnyMessage]>> = {
  "hello.session_epoch": ["hello", (sessionEpoch) => a.aHello({ sessionEpoch })],
  "hello.command_high_sequence": ["hello", (commandHighSequence) => a.aHello({ commandHighSequence })],
  "hello.spool_bytes": ["hello", (spoolBytes) => a.aHello({ spoolBytes })],
  "hello.streams.first_unacknowledged": ["hello", (n) => a.aHello({ streams: [{ firstUnacknowledged: n }] })],
  "hello.streams.next": ["hello", (next) => a.aHello({ streams: [{ next }] })],
  "bye.session_epoch": ["bye", (sessionEpoch) => a.aBye({ sessionEpoch })],
  "sync.session_epoch": ["sync", (sessionEpoch) => a.aSync({ sessionEpoch })],
  "sync.acknowledgements.up_to": ["sync", (upTo) => a.aSync({ acknowledgements: [{ upTo }] })],
  "ack.acknowledgements.up_to": ["ack", (upTo) => a.anAck({ acknowledgements: [{ upTo }] })],
  "batch.first_unacknowledged": ["event", (firstUnacknowledged) => ({ records: [], firstUnacknowledged })],
  "batch.session_epoch": ["event", withEpoch],
  "record.sequence": ["event", (sequence) => event({ ...a.anAgentEvent(), sequence })],
  "gap.up_to": ["event", (upTo) => event(a.aGap({ upTo }))],
  "gap.records": ["event", (records) => event(a.aGap({ records }))],
  "gap.bytes": ["event", (bytes) => event(a.aGap({ bytes }))],
  "exec.output_bytes": ["result", (outputBytes) => execOf({ outputBytes })],
  "exec.dropped_bytes": ["result", (droppedBytes) => execOf({ droppedBytes })],
  "command_output.offset": ["log", (offset) => event(a.someOutput({ offset }))],
  "data_source.total_bytes": ["event", (totalBytes) => event(a.aDataSource({ totalBytes }))],
  "data_source.free_bytes": ["event", (freeBytes) => event(a.aDataSource({ freeBytes }))],
  "data_source.items.bytes": ["event", (bytes) => event(a.aDataSource({ items: [a.anItem({ bytes })] }))],
};
for (const [field, [name, message]] of Object.entries(counters)) {
  test(`${field} holds 2^53 - 1 and refuses everything above`, () => {
    assert.doesNotThrow(() => a.arrive(name, a.bytesOf(name, message(Number.MAX_SAFE_INTEGER))));
    const above = [2 ** 53, 2 ** 53 + 2, 2 ** 63, 2 ** 64 - 2 ** 11].map((value) => a.bytesOf(name, message(value)));
    assert.throws(() => a.arrive(name, above[0]!), { name: "ProtocolError", reason: "out-of-range" });
    assert.throws(() => a.arrive(name, above[1]!), { name: "ProtocolError", reason: "out-of-range" });
    assert.throws(() => a.arrive(name, above[2]!), { name: "ProtocolError", reason: "out-of-range" });
    assert.throws(() => a.arrive(name, above[3]!), { name: "ProtocolError", reason: "out-of-range" });
  });
}

test("2^53 + 1, which a number cannot hold, is refused and not rounded", () => {
  assert.throws(() => a.arrive("bye", Buffer.from("0881808080808080 10".replace(" ", ""), "hex")), {
    name: "ProtocolError",
    reason: "out-of-range",
  });
});

test("a hostile map key becomes an own key of the map and pollutes nothing", () => {
  const tags = Object.fromEntries(["__proto__", "constructor", "toString"].map((key) => [key, "polluted"]));
  const payload = a.bytesOf("event", a.aBatch(a.aDataSource({ tags })));

  const { message } = a.arrive("event", payload) as { message: v1.RecordBatch.$Shape };

  const arrived = message.records?.[0]?.dataSource?.tags ?? {};
  assert.deepEqual(new Map(Object.entries(arrived)), new Map(Object.entries(tags)));
  assert.equal(Object.getPrototypeOf(arrived), Object.prototype);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.equal(Object.prototype.toString.call({}), "[object Object]");
});

test("of several members of a oneof the last one counts", () => {
  const both = Buffer.concat([
    v1.InventoryFact.encode({ name: "n", text: "t" }).finish(),
    v1.InventoryFact.encode({ flag: true }).finish(),
  ]);

  const { value, text, flag } = decode(v1.InventoryFact, both);

  assert.deepEqual({ value, text, flag }, { value: "flag", text: null, flag: true });
});

test("a quarter of a mebibyte of empty records is refused by number, not by running out of memory", () => {
  const payload = Buffer.alloc(limits.messageBytes, Buffer.from("0a00", "hex"));

  assert.throws(() => a.arrive("telemetry", payload), { name: "ProtocolError", reason: "too-many" });
});

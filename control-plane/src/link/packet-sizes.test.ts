import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GuardRefusal, PacketSizes } from "./packet-sizes.ts";

const limits = { connectBytes: 100, packetBytes: 1_000 };
const length = (size: number): number[] =>
  size < 128 ? [size] : [(size % 128) | 0x80, ...length(Math.floor(size / 128))];
const packet = (type: number, size: number) =>
  Uint8Array.from([type << 4, ...length(size), ...Array<number>(size).fill(7)]);
const aConnect = packet(1, 20);
const bytewise = (bytes: Uint8Array) => [...bytes].map((byte) => Uint8Array.of(byte));

test("packets of an allowed size pass, however the bytes are cut", () => {
  const sizes = new PacketSizes(limits);

  for (const piece of [aConnect, packet(3, 1_000), packet(12, 0), packet(3, 127), packet(3, 128)].flatMap(bytewise))
    sizes.pass(piece);

  assert.equal(sizes.packets, 5);
});

const message = (topic: Buffer, body: number) => {
  const bytes = Buffer.concat([Buffer.of(topic.length >> 8, topic.length & 0xff), topic, Buffer.alloc(body, 7)]);
  return Buffer.concat([Buffer.of(0x30, ...length(bytes.length)), bytes]);
};

test("the topic of each message is told, however the bytes are cut", () => {
  const part = fc.record({
    topic: fc.string({ maxLength: 60, unit: "grapheme" }),
    body: fc.integer({ min: 0, max: 300 }),
  });
  fc.assert(
    fc.property(fc.array(part), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (parts, cuts) => {
      const told: string[] = [];
      const sizes = new PacketSizes(limits, (topic) => told.push(topic));
      const bytes = Buffer.concat([
        aConnect,
        ...parts.map(({ topic, body }) => message(Buffer.from(topic), body)),
        packet(12, 0),
      ]);
      for (let at = 0, i = 0; at < bytes.length; at += cuts[i++ % cuts.length] ?? 1)
        sizes.pass(bytes.subarray(at, at + (cuts[i % cuts.length] ?? 1)));
      assert.deepEqual(
        told,
        parts.map(({ topic }) => topic),
      );
    }),
  );
});

for (const [what, bytes, told] of [
  ["is empty", [0x30, 0], ""],
  ["ends within its topic's length", [0x30, 1, 0], ""],
  ["is shorter than its topic says", [0x30, 4, 0, 9, 97, 98], "ab"],
  ["has a topic of 300 bytes", [...message(Buffer.alloc(300, "a"), 5)], "a".repeat(256)],
] as const)
  test(`a message that ${what} is told of once, with what there is of its topic`, () => {
    const topics: string[] = [];
    const sizes = new PacketSizes(limits, (topic) => topics.push(topic));

    for (const piece of [aConnect, Uint8Array.from(bytes), packet(12, 0)].flatMap(bytewise)) sizes.pass(piece);

    assert.deepEqual(topics, [told]);
    assert.equal(sizes.packets, 3);
  });

test("a packet is refused by its header alone, before a byte of its body came", () => {
  const sizes = new PacketSizes(limits);
  sizes.pass(aConnect);

  assert.throws(
    () => sizes.pass(Uint8Array.from([0x30, ...length(1_001)])),
    /packet of 1001 bytes is over the limit of 1000/,
  );
});

test("a CONNECT that announces 200 MiB is refused by its header alone", () => {
  const sizes = new PacketSizes(limits);

  assert.throws(() => sizes.pass(Uint8Array.from([0x10, ...length(200 * 1024 * 1024)])), /over the limit of 100/);
});

test("the first packet must be a CONNECT, and no other may be", () => {
  assert.throws(() => new PacketSizes(limits).pass(packet(3, 10)), /first packet is no CONNECT/);

  const sizes = new PacketSizes(limits);
  sizes.pass(aConnect);
  assert.throws(() => sizes.pass(aConnect), /second CONNECT/);
});

test("a length of more than four bytes is refused", () => {
  assert.throws(() => new PacketSizes(limits).pass(Uint8Array.of(0x10, 0x80, 0x80, 0x80, 0x80, 0x01)), GuardRefusal);
});

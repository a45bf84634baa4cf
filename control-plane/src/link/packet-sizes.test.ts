import assert from "node:assert/strict";
import { test } from "node:test";
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

import type { Chance } from "./chance.ts";
import { hostileTexts } from "./hostile-values.ts";

/** One field of a message as it lies on the wire: https://protobuf.dev/programming-guides/encoding/ */
interface Field {
  readonly number: number;
  readonly wire: number;
  /** Without its tag, and for bytes without their length. */
  readonly content: Buffer;
}

export const VARINT = 0;
const FIXED_64 = 1;
export const BYTES = 2;
const GROUP = 3;
const END_GROUP = 4;
const FIXED_32 = 5;

/** The number in base 128, the lowest seven bits first. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

const SHORT = 16_384;
/** Lengths and tags as they mostly are: they are made a million times. */
const shortVarints: readonly Buffer[] = Array.from({ length: SHORT }, (_, value) => varint(BigInt(value)));

const varintOf = (value: number): Buffer => shortVarints[value] ?? varint(BigInt(value));

export const tag = (number: number, wire: number): Buffer => varintOf(number * 8 + wire);

/** A field with its tag and, for bytes, its length: the true one unless it is to lie. */
export const field = (number: number, wire: number, content: Uint8Array, length?: bigint): Buffer =>
  wire === BYTES
    ? Buffer.concat([tag(number, wire), length === undefined ? varintOf(content.length) : varint(length), content])
    : Buffer.concat([tag(number, wire), content]);

/** Numbers as they may come in ten bytes, and as they may not. */
export const hostileVarints: readonly Buffer[] = [
  ...[0n, 1n, -1n, 127n, 128n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 53n - 1n, 2n ** 63n - 1n, 2n ** 63n].map(
    varint,
  ),
  Buffer.from("8000", "hex"),
  Buffer.from(`${"80".repeat(9)}00`, "hex"),
  Buffer.from(`${"ff".repeat(9)}7f`, "hex"),
  Buffer.from(`${"ff".repeat(10)}01`, "hex"),
  Buffer.from(`${"ff".repeat(11)}01`, "hex"),
  Buffer.from("ff".repeat(9), "hex"),
];

/** NaN, the infinities, zeros of both signs, the least and the largest. */
const hostileDoubles: readonly Buffer[] = [NaN, Infinity, -Infinity, -0, 0, 5e-324, 1e308, -1e308].map((value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
});

/** Texts that are no UTF-8: overlong, half a surrogate pair, broken off, beyond the last letter. */
const brokenTexts: readonly Buffer[] = ["c328", "c080", "eda080", "e28028", "f4908080", "fe", "ff", "80", "f0"].map(
  (hex) => Buffer.from(hex, "hex"),
);

/** What a chance puts into a field of bytes. */
export function hostileBytes(chance: Chance): Buffer {
  switch (chance.below(8)) {
    case 0:
      return chance.pick(brokenTexts);
    case 1:
      return Buffer.concat(Array.from({ length: chance.below(40) }, () => chance.pick(hostileVarints)));
    case 2:
      return Buffer.concat(Array.from({ length: chance.below(20) }, () => chance.pick(hostileDoubles)));
    case 3:
      return Buffer.alloc(chance.oneIn(200) ? 70_000 : chance.below(300));
    case 4:
      return Buffer.from(chance.bytes(chance.below(40)));
    default:
      return Buffer.from(chance.pick(hostileTexts));
  }
}

export const hostileContent = (wire: number, chance: Chance): Buffer => {
  if (wire === VARINT) return chance.pick(hostileVarints);
  if (wire === FIXED_64) return chance.pick(hostileDoubles);
  if (wire === FIXED_32) return chance.pick(hostileDoubles).subarray(4);
  return wire === BYTES ? hostileBytes(chance) : Buffer.alloc(0);
};

/** The fields of a message; undefined where the bytes are none. */
export function fieldsOf(bytes: Buffer): readonly Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return NaN;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return NaN;
  };
  while (at < bytes.length) {
    const head = number();
    const wire = head % 8;
    const start = at;
    if (wire === VARINT) number();
    else if (wire === FIXED_64) at += 8;
    else if (wire === FIXED_32) at += 4;
    else if (wire !== BYTES) return undefined;
    const length = wire === BYTES ? number() : 0;
    const from = wire === BYTES ? at : start;
    at += length;
    if (!Number.isSafeInteger(head) || head < 8 || !(at <= bytes.length)) return undefined;
    fields.push({ number: Math.floor(head / 8), wire, content: bytes.subarray(from, at) });
  }
  return fields;
}

export const messageOf = (fields: readonly Field[]): Buffer =>
  Buffer.concat(fields.map(({ number, wire, content }) => field(number, wire, content)));

/** Groups in groups, which no message of ours has: a decoder must pass them over, or refuse them. */
export const groups = (depth: number, isClosed = true): Buffer =>
  Buffer.concat([
    Buffer.alloc(2 * depth, tag(31, GROUP)),
    ...(isClosed ? [Buffer.alloc(2 * depth, tag(31, END_GROUP))] : []),
  ]);

/** A message in itself, in itself … */
export function nested(number: number, depth: number): Buffer {
  const layers: Buffer[] = [];
  let length = 0;
  for (let layer = 0; layer < depth; layer++) {
    const head = [tag(number, BYTES), varintOf(length)];
    layers.push(...head.toReversed());
    length += head.reduce((sum, part) => sum + part.length, 0);
  }
  return Buffer.concat(layers.toReversed());
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { limits } from "@edgemere/protocol";
import type { Chance } from "./chance.ts";
import { mutated } from "./mutate.ts";
import { readers } from "./protobuf-judge.ts";
import { BYTES, field, fieldsOf, groups, hostileContent, nested, varint } from "./wire.ts";

/** What is thrown: bytes, and the reader they are for. */
export interface ProtobufInput {
  readonly reader: string;
  readonly bytes: Buffer;
}

interface Sample {
  readonly bytes: Buffer;
  /** Readers that may take it. */
  readonly readers: readonly string[];
}

const vectorFolder = join(import.meta.dirname, "../../../../protocol/vectors/valid");

const samples: readonly Sample[] = readdirSync(vectorFolder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => {
    const { topic = "" } = JSON.parse(readFileSync(join(vectorFolder, name), "utf8")) as { topic?: string };
    const bytes = Buffer.from(readFileSync(join(vectorFolder, name.replace(".json", ".hex")), "utf8").trim(), "hex");
    const at = topic.split("/").at(-1) ?? "";
    return { bytes, readers: readers.map(({ name: reader }) => reader).filter((reader) => reader.endsWith(` ${at}`)) };
  });

/** Every message that stands in a sample, at whatever depth: what may be found elsewhere, and spliced. */
const pieces: readonly Buffer[] = samples.flatMap(({ bytes }) => [bytes, ...insideOf(bytes)]);

function insideOf(bytes: Buffer): readonly Buffer[] {
  return (fieldsOf(bytes) ?? []).flatMap(({ wire, content }) =>
    wire === BYTES && content.length > 1 ? [content, ...insideOf(content)] : [],
  );
}

/** Cut at each byte, each bit turned: for each sample and each reader that may take it. */
const everyCutAndBit: readonly (() => ProtobufInput)[] = samples.flatMap(({ bytes, readers }) =>
  readers.flatMap((reader) => [
    ...Array.from({ length: bytes.length }, (_, at) => () => ({ reader, bytes: bytes.subarray(0, at) })),
    ...Array.from({ length: bytes.length * 8 }, (_, bit) => () => {
      const turned = Buffer.from(bytes);
      turned[bit >> 3]! ^= 1 << (bit & 7);
      return { reader, bytes: turned };
    }),
  ]),
);

const DEPTHS = [1, 31, 32, 33, 99, 100, 101, 1_000, 20_000];

/** For each reader every field number there may be with every wire type, and what is too deep, too long or too much. */
const everyField: readonly ((chance: Chance) => ProtobufInput)[] = readers.flatMap(({ name: reader }) => {
  const of = (make: (chance: Chance) => Buffer) => (chance: Chance) => ({ reader, bytes: make(chance) });
  const numbers = [0, ...Array.from({ length: 32 }, (_, i) => i + 1), 2 ** 29 - 1, 2 ** 29, 2 ** 32 - 1];
  return [
    ...numbers.flatMap((number) =>
      [0, 1, 2, 3, 4, 5, 6, 7].map((wire) => of((chance) => field(number, wire, hostileContent(wire, chance)))),
    ),
    ...DEPTHS.flatMap((depth) => [
      of(() => groups(depth)),
      of(() => groups(depth, false)),
      of(() => nested(1, depth)),
      of(() => nested(3, depth)),
    ]),
    ...[limits.messageBytes, limits.messageBytes + 1].flatMap((length) => [
      of(() => Buffer.alloc(length)),
      of(() => Buffer.alloc(length, "0a00", "hex")),
      of(() => Buffer.alloc(length, "1a00", "hex")),
      of(() => Buffer.alloc(length, "12021000", "hex")),
      of(() => Buffer.concat([Buffer.from("12"), varint(BigInt(length)), Buffer.alloc(length)])),
    ]),
  ];
});

/** How many there are that no chance decides on. */
export const SYSTEMATIC = everyCutAndBit.length + everyField.length;

/** The input of a case: first what is always thrown, then what a chance makes of it. */
export function protobufInput(number: number, chance: Chance): ProtobufInput {
  const cut = everyCutAndBit[number];
  if (cut !== undefined) return cut();
  const made = everyField[number - everyCutAndBit.length];
  if (made !== undefined) return made(chance);
  const sample = chance.pick(samples);
  // Now and then the right bytes at the wrong place.
  const reader =
    chance.oneIn(8) || sample.readers.length === 0 ? chance.pick(readers).name : chance.pick(sample.readers);
  if (chance.oneIn(500)) return { reader, bytes: Buffer.from(chance.bytes(4_096)) };
  const isPart = reader.startsWith("message") || reader.startsWith("outline");
  return { reader, bytes: mutated(isPart ? chance.pick(pieces) : sample.bytes, chance, pieces) };
}

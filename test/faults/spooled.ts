import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decode, v1, type Record_, type StreamName } from "@edgemere/protocol";

/** What a stopped agent's disk says of one stream. */
export interface Spooled {
  /** Numbers that are kept there, each as often as it is. */
  readonly kept: readonly number[];
  /** How many numbers it has given. */
  readonly produced: number;
}

// How a segment frames its records: a magic number, the length, a checksum.
const MAGIC = 0x45_64_00_01;
const HEADER_BYTES = 12;

/** Reads the files themselves, not through the agent. */
export async function spooled(dataFolder: string, stream: StreamName): Promise<Spooled> {
  const folder = join(dataFolder, "spool", stream);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".segment")).toSorted();
  const kept: number[] = [];
  for (const name of names) kept.push(...recordsIn(await readFile(join(folder, name))).flatMap(numbersOf));
  const begun = Number.parseInt(names.at(-1) ?? "1", 10) - 1;
  return { kept, produced: kept.reduce((most, number) => Math.max(most, number), begun) };
}

function recordsIn(content: Buffer): readonly Record_[] {
  const records: Record_[] = [];
  for (let at = 0; at + HEADER_BYTES <= content.length && content.readUInt32BE(at) === MAGIC;) {
    const end = at + HEADER_BYTES + content.readUInt32BE(at + 4);
    if (end > content.length) break;
    records.push(decode(v1.Record, content.subarray(at + HEADER_BYTES, end)));
    at = end;
  }
  return records;
}

const numbersOf = ({ sequence, body, gap }: Record_): readonly number[] =>
  body === "gap" ? Array.from({ length: gap.upTo - sequence + 1 }, (_, i) => sequence + i) : [sequence];

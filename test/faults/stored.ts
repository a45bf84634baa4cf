import { join } from "node:path";
import { levelDatabase, StoredChunk, type Database } from "@edgemere/control-plane";
import type { Command } from "../world/jobs.ts";

/** A range of numbers that will never be stored, and why. */
interface StoredGap {
  readonly from: number;
  readonly upTo: number;
  readonly reason: string;
}

/** What a stopped control plane holds of one device's telemetry. */
export interface StoredTelemetry {
  /** Sequence numbers of the stored records, ascending, each as often as it is stored. */
  readonly records: readonly number[];
  readonly gaps: readonly StoredGap[];
  /** What was acknowledged. */
  readonly watermark: number;
}

/** Looks into the store itself, past every face. */
export async function storedTelemetry(dataFolder: string): Promise<ReadonlyMap<string, StoredTelemetry>> {
  const found = new Map<string, { records: number[]; gaps: StoredGap[]; watermark: number }>();
  const of = (device: string) => {
    const known = found.get(device) ?? { records: [], gaps: [], watermark: 0 };
    found.set(device, known);
    return known;
  };
  await within(dataFolder, async (database) => {
    for await (const key of database.keys(table("stelemetry"))) {
      const [, device = "", , sequence = ""] = key.split("\u0000");
      of(device.slice(1)).records.push(numberOf(sequence));
    }
    for await (const [key, value] of database.entries(table("stelemetrychunk"))) {
      const [device = ""] = (key.split("\u0000")[1] ?? "").slice(1).split("/");
      of(device).records.push(...new StoredChunk(value).reports().map(({ sequence }) => sequence));
    }
    for await (const [key, value] of database.entries(table("srow\u0000swatermark"))) {
      const [device = "", stream] = (key.split("\u0000")[2] ?? "").slice(1).split("/");
      if (stream === "telemetry") of(device).watermark = read<{ upTo: number }>(value).upTo;
    }
    for await (const [key, value] of database.entries(table("srow\u0000stelemetrygap"))) {
      const [device = "", sequence] = (key.split("\u0000")[2] ?? "").slice(1).split("/");
      const { records, reason } = read<{ records: number; reason: string }>(value);
      of(device).gaps.push({ from: Number(sequence), upTo: Number(sequence) + records - 1, reason });
    }
  });
  for (const each of found.values()) each.records.sort((a, b) => a - b);
  return found;
}

/** The commands, each by its job: of those that were given to one device. */
export async function storedCommands(dataFolder: string): Promise<ReadonlyMap<string, Command>> {
  const found = new Map<string, Command>();
  await within(dataFolder, async (database) => {
    for await (const [, value] of database.entries(table("srow\u0000scommand"))) {
      const command = read<Command>(value);
      found.set(command.job, command);
    }
  });
  return found;
}

/** Every number of the events in the log, in its order. */
export async function eventNumbers(dataFolder: string): Promise<readonly number[]> {
  const numbers: number[] = [];
  await within(dataFolder, async (database) => {
    for await (const [, value] of database.entries(table("sevent")))
      numbers.push(read<{ number: number }>(value).number);
  });
  return numbers;
}

async function within(dataFolder: string, look: (database: Database) => Promise<void>): Promise<void> {
  const database = await levelDatabase(join(dataFolder, "store"));
  try {
    await look(database);
  } finally {
    await database.close();
  }
}

const table = (prefix: string) => ({ gte: `${prefix}\u0000`, lt: `${prefix}\u0000\uffff` });
const read = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString()) as T;

/** A part of a key that holds a number: the bits of a double, turned so that they sort. */
function numberOf(part: string): number {
  const bits = BigInt(`0x${part.slice(1)}`);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits >> 63n ? bits & 0x7fff_ffff_ffff_ffffn : ~bits & 0xffff_ffff_ffff_ffffn);
  return view.getFloat64(0);
}

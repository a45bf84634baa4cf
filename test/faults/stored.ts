import { join } from "node:path";
import { levelDatabase } from "@edgemere/control-plane";

/** What a stopped control plane holds of one device's telemetry. */
export interface StoredTelemetry {
  /** Sequence numbers of the stored records, ascending, each as often as it is stored. */
  readonly records: readonly number[];
  /** Ranges that were explained as lost. */
  readonly gaps: readonly { readonly from: number; readonly upTo: number }[];
  /** What was acknowledged. */
  readonly watermark: number;
}

/** Looks into the store itself, past every face. */
export async function storedTelemetry(dataFolder: string, device: string): Promise<StoredTelemetry> {
  const database = await levelDatabase(join(dataFolder, "store"));
  try {
    const records: number[] = [];
    const gaps: { from: number; upTo: number }[] = [];
    let watermark = 0;
    for await (const [key, value] of database.entries({})) {
      const [kind, first, second, , ...rest] = key.split("\u0000");
      if (kind === "stelemetry" && first === `s${device}`) records.push(numberOf(key.split("\u0000")[3] ?? ""));
      if (kind !== "srow") continue;
      const row = JSON.parse(Buffer.from(value).toString()) as { upTo?: number; records?: number };
      if (first === "swatermark" && second === `s${device}/telemetry`) watermark = row.upTo ?? 0;
      if (first === "stelemetrygap" && second?.startsWith(`s${device}/`) && rest.length === 0) {
        const from = Number(second.split("/")[1]);
        gaps.push({ from, upTo: from + (row.records ?? 1) - 1 });
      }
    }
    return { records: records.toSorted((a, b) => a - b), gaps, watermark };
  } finally {
    await database.close();
  }
}

/** Every number of the events in the log, in its order. */
export async function eventNumbers(dataFolder: string): Promise<readonly number[]> {
  const database = await levelDatabase(join(dataFolder, "store"));
  try {
    const numbers: number[] = [];
    for await (const [, value] of database.entries({ gte: "sevent\u0000", lt: "sevent\u0000\uffff" }))
      numbers.push((JSON.parse(Buffer.from(value).toString()) as { number: number }).number);
    return numbers;
  } finally {
    await database.close();
  }
}

/** A part of a key that holds a number: the bits of a double, turned so that they sort. */
function numberOf(part: string): number {
  const bits = BigInt(`0x${part.slice(1)}`);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits >> 63n ? bits & 0x7fff_ffff_ffff_ffffn : ~bits & 0xffff_ffff_ffff_ffffn);
  return view.getFloat64(0);
}

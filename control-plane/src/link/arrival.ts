import { createHash } from "node:crypto";
import { recordChecksum, v1, type JudgedBatch, type JudgedRecord, type Record_ } from "@edgemere/protocol";
import type { RefusedRecord } from "../platform/feature.ts";
import type { Step, Watermark } from "./watermark.ts";

/** A record on its way into the store, or the gap that stands for records that can never be taken. */
export interface Incoming extends Step {
  readonly record: Record_;
  readonly refused?: readonly JudgedRecord[];
}

/** What comes in with a batch. Records that can never be taken are explained by a gap, one for all that follow each other. */
export function incoming({ records }: Pick<JudgedBatch, "records">, now: number): readonly Incoming[] {
  const runs: JudgedRecord[][] = [];
  for (const judged of records) {
    const run = runs.at(-1);
    if (judged.fault !== undefined && run?.[0]?.fault !== undefined) run.push(judged);
    else runs.push([judged]);
  }
  return runs.map(([first, ...rest]) =>
    first && first.fault === undefined ? good(first) : refusal([...(first ? [first] : []), ...rest], now),
  );
}

/** What follows the watermark, without what is stored already. Empty when something is missing in between that may still come. */
export function following(
  arrived: readonly Incoming[],
  { firstUnacknowledged, upTo, atMs }: Pick<JudgedBatch, "firstUnacknowledged"> & Pick<Watermark, "upTo" | "atMs">,
): readonly Incoming[] {
  const fresh = arrived.filter(({ last }) => last > upTo);
  const [first, ...rest] = fresh;
  if (first === undefined) return [];
  if (first.first <= upTo) return [restOf(first, upTo + 1), ...rest];
  if (first.first === upTo + 1) return fresh;
  // As long as the device still has what is missing, it will come: the same batch is sent again after it.
  if (firstUnacknowledged <= upTo + 1) return [];
  const hole = { first: upTo + 1, last: first.first - 1, reason: "unexplained", ...between(atMs, first.atMs) };
  return [gapOf(hole), ...fresh];
}

/** The span that a gap between two records covers, as far as anybody knows. A device's clock may have gone back meanwhile. */
export const between = (before: number, after: number): { readonly fromMs: number; readonly toMs: number } => ({
  fromMs: before === 0 ? after : Math.min(before, after),
  toMs: after,
});

/** A gap that the control plane writes into a device's stream. */
export function gapOf(about: {
  readonly first: number;
  readonly last: number;
  readonly reason: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly bytes?: number;
}): Incoming {
  const { first, last, reason, fromMs, toMs, bytes = 0 } = about;
  const estimated = reason !== "refused" && reason !== "failed";
  const gap = { upTo: last, records: last - first + 1, bytes, reason, fromMs, toMs, estimated };
  return gapRecord(first, { sequence: first, atMs: toMs, gap });
}

/** What is left of records that were refused, to be kept as evidence. */
export const evidence = ({ record, bytes, fault }: JudgedRecord, at: number): RefusedRecord => ({
  sequence: record.sequence,
  at,
  reason: fault?.reason ?? "",
  detail: fault?.message ?? "",
  bytes: bytes.length,
  hash: createHash("sha256").update(bytes).digest("hex"),
});

function good({ record, last, bytes }: JudgedRecord): Incoming {
  const { sequence: first, atMs } = record;
  if (record.body === "gap") return { record, first, last, atMs, checksum: 0, gapReason: record.gap.reason };
  return { record, first, last, atMs, checksum: recordChecksum(bytes) };
}

function refusal(refused: readonly JudgedRecord[], now: number): Incoming {
  const first = refused[0]?.record.sequence ?? 0;
  const last = refused.at(-1)?.last ?? first;
  const bytes = refused.reduce((sum, each) => sum + each.bytes.length, 0);
  // Their own word about time may be what is wrong with them.
  return { ...gapOf({ first, last, reason: "refused", fromMs: now, toMs: now, bytes }), refused };
}

/** A gap of which a part is stored already. */
function restOf({ record, last, refused }: Incoming, first: number): Incoming {
  const records = Math.min(record.gap?.records ?? 0, last - first + 1);
  const gap = Object.assign(v1.Gap.create(record.gap ?? {}), { records });
  const rest = gapRecord(first, Object.assign(v1.Record.create(record), { sequence: first, gap }));
  return { ...rest, ...(refused && { refused: refused.filter((each) => each.last >= first) }) };
}

/** Through its own bytes: what a feature gets has every field and getter of a message. */
function gapRecord(first: number, shape: v1.Record.$Properties): Incoming {
  const record = v1.Record.decode(v1.Record.encode(shape).finish());
  const { gap, atMs } = record as Record_ & { readonly body: "gap" };
  return { record, first, last: gap.upTo, atMs, checksum: 0, gapReason: gap.reason };
}

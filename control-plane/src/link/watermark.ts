import {
  checksumAt,
  noChecksums,
  recordsRemembered,
  setChecksum,
  streamNames,
  type StreamName,
} from "@edgemere/protocol";
import type { StreamAccount } from "../platform/device-link.ts";
import type { RefusedRecord } from "../platform/feature.ts";
import { table } from "../platform/resource.ts";
import type { Store } from "../platform/store.ts";

const REFUSED_KEPT = 16;

/** Up to where a device's stream is stored, and how that came about. Written in the same commit as the records. */
export interface Watermark {
  readonly id: string;
  readonly upTo: number;
  /** When the last record was made, by the device's clock. */
  readonly atMs: number;
  readonly received: number;
  readonly explained: Readonly<Record<string, number>>;
  readonly refused: readonly RefusedRecord[];
  /** Of the last records, base64; see the protocol's `noChecksums`. */
  readonly checksums: string;
}

/** A watermark as a device is told of it. */
export type StreamMark = Pick<Watermark, "upTo" | "checksums"> & { readonly stream: StreamName };

/** One thing that moves a watermark: a record, or a gap that stands for many. */
export interface Step {
  readonly first: number;
  readonly last: number;
  readonly atMs: number;
  /** Of a record; 0 for a gap. */
  readonly checksum: number;
  /** Of a gap. */
  readonly gapReason?: string;
}

export const watermarks = table<Watermark>("watermark");
export const watermarkId = (device: string, stream: StreamName): string => `${device}/${stream}`;

export const startOf = (id: string): Watermark => ({
  id,
  upTo: 0,
  atMs: 0,
  received: 0,
  explained: {},
  refused: [],
  checksums: "",
});

/** Reasons that are told apart in the books; a device may make up others. */
const REASONS = new Set([
  "spool-full",
  "disk-low",
  "thinned",
  "damaged",
  "counter-recovery",
  "unexplained",
  "refused",
  "failed",
  "control-plane-restored",
  "not-received",
]);

/** The watermark after these steps, each of which follows the one before. */
export function advanced(before: Watermark, steps: readonly Step[], refused: readonly RefusedRecord[]): Watermark {
  const last = steps.at(-1);
  if (last === undefined) return before;
  const explained: Record<string, number> = { ...before.explained };
  const checksums = bytesOf(before.checksums);
  let received = before.received;
  for (const { first, last: end, checksum, gapReason } of steps) {
    const numbers = end - first + 1;
    for (let number = Math.max(first, end - recordsRemembered + 1); number <= end; number++)
      setChecksum(checksums, number, checksum);
    if (gapReason === undefined) received += numbers;
    else {
      const reason = REASONS.has(gapReason) ? gapReason : "other";
      explained[reason] = (explained[reason] ?? 0) + numbers;
    }
  }
  return {
    id: before.id,
    upTo: last.last,
    atMs: last.atMs,
    received,
    explained,
    refused: refused.length === 0 ? before.refused : [...before.refused, ...refused].slice(-REFUSED_KEPT),
    checksums: checksums.toString("base64"),
  };
}

/** Whether a record that comes again is not the one that was stored; false when that one is too old to be remembered. */
export function contradicts({ upTo, checksums }: Watermark, { first, checksum, gapReason }: Step): boolean {
  if (gapReason !== undefined) return false;
  const stored = checksumAt(bytesOf(checksums), upTo, first);
  return stored !== 0 && stored !== checksum;
}

/** The books of each stream of a device. */
export async function accountsOf(store: Store, device: string): Promise<readonly StreamAccount[]> {
  return Promise.all(
    streamNames.map(async (stream) => {
      const id = watermarkId(device, stream);
      const { upTo, received, explained, refused } = (await store.get(watermarks, id)) ?? startOf(id);
      return { stream, upTo, received, explained, refused };
    }),
  );
}

/** What is remembered of the last records. */
export const bytesOf = (checksums: string): Buffer =>
  checksums === "" ? noChecksums() : Buffer.from(checksums, "base64");

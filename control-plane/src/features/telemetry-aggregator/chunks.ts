import { v1, type Record_, type TelemetryBatch } from "@edgemere/protocol";
import { isPlausible, type Dated } from "../../platform/dating.ts";
import type { Store } from "../../platform/store.ts";
import { chunksOf } from "./tables.ts";

/** Samples at the instants in which they were made. */
export interface Samples extends Pick<TelemetryBatch, "offsetMs" | "series"> {
  readonly baseMs: number;
  /** The device did not know the time: the instants are a guess. */
  readonly isEstimated: boolean;
  readonly clockPeriod: number;
  /** What was added to the device's times. */
  readonly offset: number;
}

/** A record and the samples in it. */
export interface Sampled {
  readonly record: Record_;
  readonly telemetry: TelemetryBatch;
}

// Nobody measures a clock as badly as this, so it stands for a guess.
const GUESSED = 2 ** 32 - 1;

/** What is kept of a record: its own words, and what must be added to its times. The wire's message holds both. */
export const chunkBytes = ({ record }: Sampled, { offset, isEstimated }: Dated): Uint8Array =>
  v1.RecordBatch.encode({
    records: [record],
    clocks: [{ clockPeriod: record.clockPeriod, offsetMs: offset, uncertaintyMs: isEstimated ? GUESSED : 0 }],
  }).finish();

export function samplesOf(bytes: Uint8Array): Samples {
  const { records, clocks } = v1.RecordBatch.decode(bytes);
  const { telemetry, clockPeriod = 0 } = records[0] ?? {};
  const { offsetMs: offset = 0, uncertaintyMs } = clocks[0] ?? {};
  const { baseMs = 0, offsetMs = [], series = [] } = telemetry ?? {};
  const isEstimated = uncertaintyMs === GUESSED;
  return {
    baseMs: baseMs + offset,
    offsetMs,
    series,
    isEstimated,
    clockPeriod,
    offset,
  };
}

/** When the last of these samples was made. */
export const endOf = ({ baseMs, offsetMs }: Pick<Samples, "baseMs" | "offsetMs">): number =>
  baseMs + (offsetMs.at(-1) ?? 0);

/** The samples of a device that begin last, as a point to date others from. */
export async function newestDating(store: Store, device: string) {
  for await (const [, bytes] of store.bytesBetween({ ...chunksOf(device), reverse: true, limit: 1 })) {
    const samples = samplesOf(bytes);
    return {
      at: endOf(samples),
      offset: samples.offset,
      isEstimated: samples.isEstimated,
      clockPeriod: samples.clockPeriod,
    };
  }
  return undefined;
}

/** Whether all samples of a record can have been made when its dating says so. */
export const canBeTrue = ({ telemetry }: Sampled, dating: Dated | undefined, receivedAt: number): dating is Dated =>
  dating !== undefined &&
  (dating.isEstimated || isPlausible(telemetry.baseMs + dating.offset + (telemetry.offsetMs.at(-1) ?? 0), receivedAt));

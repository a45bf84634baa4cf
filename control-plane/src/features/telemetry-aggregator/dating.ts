import type { Record_, Samples } from "@edgemere/protocol";
import { dated, isPlausible, type Dated, type DeviceTime } from "../../platform/dating.ts";
import type { Received } from "../../platform/feature.ts";
import type { Summary } from "./tables.ts";

/** A record and the samples in it. */
export interface Sampled {
  readonly record: Record_;
  readonly telemetry: Samples;
}

/** When samples were made. A guess goes on from those that are stored. */
export function datingsOf(
  sampled: readonly Sampled[],
  { clocks, receivedAt }: Pick<Received, "clocks" | "receivedAt">,
  newest: Summary["newest"] | undefined,
): readonly (Dated | undefined)[] {
  const times: readonly DeviceTime[] = sampled.map(({ telemetry, record }) => ({
    atMs: telemetry.baseMs,
    clockPeriod: record.clockPeriod,
  }));
  return dated(times, { clocks, receivedAt, before: newest });
}

/** Whether all samples of a record can have been made when its dating says so. */
export const canBeTrue = ({ telemetry }: Sampled, dating: Dated | undefined, receivedAt: number): dating is Dated =>
  dating !== undefined &&
  (dating.isEstimated || isPlausible(telemetry.baseMs + dating.offset + (telemetry.offsetMs.at(-1) ?? 0), receivedAt));

/** Of two datings the one whose samples begin later: from there a guess goes on. */
export const laterOf = (a: Summary["newest"] | undefined, b: Summary["newest"]): Summary["newest"] =>
  a === undefined || b.firstAt >= a.firstAt ? b : a;

import { ColumnEncoder, Sketch } from "@edgemere/protocol";
import { HOUR } from "@edgemere/protocol/kit";
import { isNamed } from "../../platform/metric-pattern.ts";
import { Problem } from "../../platform/problem.ts";
import type { Store } from "../../platform/store.ts";
import { device as devices } from "../devices/contract.ts";
import { hourBytes, metricHour, type MetricHour } from "./chain-bytes.ts";
import type { ReportedHour } from "./chain-contract.ts";
import { chainedDevices, chainedHours, chainedId, sketchesKey, type ReportMark } from "./chain-tables.ts";
import { gapsBetween, readSamples, type SeriesSamples } from "./reading.ts";
import { byMetric, minutesOf } from "./window-making.ts";
import { gridOfPeriod, hourId, windowsKey } from "./window-tables.ts";
import { CARRIED_AT_MOST } from "./windows.ts";

/** Of one hour of one device: so much room has it in a report. */
const BYTES_AT_MOST = 262_144;
const GAPS_AT_MOST = 20;

interface Place {
  readonly store: Store;
  readonly origin: string;
  /** Metrics that are reported; all when there are none. */
  readonly metrics: readonly string[];
  readonly retention: number;
  readonly now: number;
}

/** Whether samples of an hour, or those before it that it needs, may be gone that are kept since an instant. */
export const isTooOld = (hour: number, keptSince: number): boolean => hour - HOUR <= keptSince;

/** What is told of an hour, as it is known now; undefined when it cannot be told any more because samples of it are gone. */
export async function reportOf(mark: ReportMark, version: string, place: Place): Promise<ReportedHour | undefined> {
  if (mark.origin !== undefined) return ofChained(mark, place);
  const { store, origin, now, retention } = place;
  const { device, hour } = mark;
  const row = await store.get(devices, device);
  if (row === undefined || isTooOld(hour, now - retention)) return undefined;
  const { name, labels, machineId } = row;
  const [{ made, isCut }, gaps] = await Promise.all([
    madeOf(mark, place),
    gapsBetween(store, device, { from: hour, to: hour + HOUR - 1 }),
  ]);
  const cut = isCut ? [{ from: hour, to: hour + HOUR - 1, records: 0, reason: "too much to report" }] : [];
  return {
    origin,
    device,
    name,
    labels,
    machine: machineId,
    hour,
    version,
    windows: base64(hourBytes(made)),
    gaps: [...cut, ...gaps.map((gap) => ({ ...gap, reason: gap.reason.slice(0, 64) }))].slice(0, GAPS_AT_MOST),
  };
}

/** As it came: its own control plane dates it. */
async function ofChained({ origin = "", device, hour }: ReportMark, { store, metrics }: Place) {
  const id = chainedId(origin, device);
  const [row, known] = await Promise.all([store.get(chainedDevices, id), store.get(chainedHours, hourId(hour, id))]);
  if (row === undefined || known === undefined) return undefined;
  const wanted = known.metrics.filter((each) => isWanted(each, metrics));
  const stored = await store.bytesOf(
    wanted.flatMap((metric) => [windowsKey("minutes", hour, metric, id), sketchesKey(hour, metric, id)]),
  );
  const made = wanted.flatMap((metric, place): MetricHour[] => {
    const [windows, sketches] = stored.slice(2 * place, 2 * place + 2);
    return windows === undefined || sketches === undefined ? [] : [{ metric, windows, sketches }];
  });
  const { name, labels, machine } = row;
  const { version, gaps } = known;
  return { origin, device, name, labels, machine, hour, version, windows: base64(hourBytes(made)), gaps };
}

/** Metric by metric, as far as there is room. */
async function madeOf({ device, hour }: ReportMark, { store, metrics }: Place) {
  const made: MetricHour[] = [];
  try {
    const { series } = await readSamples(store, device, { from: hour - CARRIED_AT_MOST, to: hour + HOUR - 1 });
    const columns = new ColumnEncoder();
    let bytes = 0;
    for (const [metric, all] of byMetric(series)) {
      if (!isWanted(metric, metrics)) continue;
      const instances = all.flatMap((each) => {
        const windows = minutesOf(each, hour);
        if (windows.count.every((count) => count === 0)) return [];
        return [{ instance: each.instance, windows, sketches: sketchedMinutes(each, hour) }];
      });
      if (instances.length === 0) continue;
      const next = metricHour(columns, metric, instances);
      bytes += metric.length + next.windows.length + next.sketches.length + 12;
      if (bytes > BYTES_AT_MOST) return { made, isCut: true };
      made.push(next);
    }
    return { made, isCut: false };
  } catch (error) {
    // Too many samples to be read at once: that is said of the hour, and holds up no other.
    if (!(error instanceof Problem)) throw error;
    return { made, isCut: true };
  }
}

const isWanted = (metric: string, metrics: readonly string[]): boolean =>
  metrics.length === 0 || isNamed(metric, metrics);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function sketchedMinutes({ at, values }: SeriesSamples, hour: number): readonly (Sketch | undefined)[] {
  const { step, length } = gridOfPeriod("minutes", hour);
  const sketches: (Sketch | undefined)[] = Array.from({ length });
  for (const [row, instant] of at.entries())
    if (instant >= hour && instant < hour + HOUR)
      (sketches[Math.floor((instant - hour) / step)] ??= new Sketch()).add(values[row] as number);
  return sketches;
}

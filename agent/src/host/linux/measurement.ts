import type { TelemetryReading } from "../host.ts";

/** A number that only grows, and what its growth says about the time between two looks. */
export interface Counter {
  readonly metric: string;
  readonly instance: string;
  readonly counter: number;
  /** Another number that only grows, to divide the growth by; seconds when absent. */
  readonly per?: number;
  /** The growth is multiplied by this: 100 makes a percentage, 512 turns sectors into bytes. */
  readonly scale: number;
  /** What rounding of the kernel's clock ticks may not exceed. */
  readonly most?: number;
}

export type Measurement = TelemetryReading | Counter;

/** All counters of one look, by metric and instance. */
export interface Look {
  /** On the monotonic clock. */
  readonly at: number;
  readonly counters: ReadonlyMap<string, Counter>;
}

// Clocks and ticks are no better than this, and digits that say nothing double what is sent and stored.
const PER_UNIT = 1_000;

const keyOf = ({ metric, instance }: Counter) => `${metric} ${instance}`;
const isCounter = (measurement: Measurement): measurement is Counter => "counter" in measurement;

export function lookAt(at: number, measurements: readonly Measurement[]): Look {
  return { at, counters: new Map(measurements.filter(isCounter).map((counter) => [keyOf(counter), counter])) };
}

/** What can be said now: plain values, and for each counter its growth since the look before. */
export function readingsOf(
  measurements: readonly Measurement[],
  before: Look | undefined,
  at: number,
): readonly TelemetryReading[] {
  return measurements
    .flatMap((measurement) => (isCounter(measurement) ? growth(measurement, before, at) : [measurement]))
    .filter((reading) => Number.isFinite(reading.value));
}

/** To thousandths. Nothing for a counter that is new, or that was reset or wrapped: a gap is better than a wrong number. */
function growth(now: Counter, look: Look | undefined, at: number): readonly TelemetryReading[] {
  const before = look?.counters.get(keyOf(now));
  if (look === undefined || before === undefined || now.counter < before.counter) return [];
  const divisor = now.per === undefined ? (at - look.at) / 1_000 : now.per - (before.per ?? 0);
  if (!(divisor > 0)) return [];
  const growth = ((now.counter - before.counter) / divisor) * now.scale;
  const value = Math.round(Math.min(growth, now.most ?? Infinity) * PER_UNIT) / PER_UNIT;
  return [{ metric: now.metric, instance: now.instance, value }];
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Samples } from "@edgemere/protocol";

/** What an agent measured once a second on a real host; `record.ts` makes it. NaN where there was no value. */
export interface Recording {
  readonly rows: number;
  readonly series: readonly { readonly metric: string; readonly instance: string; readonly values: Float64Array }[];
}

interface Written {
  readonly series: readonly {
    readonly metric: string;
    readonly instance: string;
    readonly values: readonly (number | null)[];
  }[];
}

export const recordingFile = join(import.meta.dirname, "../../bench/recording.json.gz");

export async function recording(): Promise<Recording> {
  const { series } = JSON.parse(gunzipSync(await readFile(recordingFile)).toString()) as Written;
  const columns = series.map(({ metric, instance, values }) => ({
    metric,
    instance,
    values: Float64Array.from(values, (value) => value ?? NaN),
  }));
  return { rows: columns[0]?.values.length ?? 0, series: columns };
}

/** As an agent would have it that rounds what it reports: to thousandths. */
export const rounded = ({ rows, series }: Recording): Recording => ({
  rows,
  series: series.map((each) => ({ ...each, values: each.values.map((value) => Math.round(value * 1_000) / 1_000) })),
});

/** Some rows of it as a device would report them that is at this row of the recording, and goes through it over and over, each time a little otherwise. */
export function samplesFrom(
  source: Recording,
  {
    first,
    rows,
    every,
    baseMs,
  }: { readonly first: number; readonly rows: number; readonly every: number; readonly baseMs: number },
): Samples {
  const { rows: length, series } = source;
  const units = unitsOf(source);
  return {
    baseMs,
    offsetMs: Array.from({ length: rows }, (_, row) => row * every),
    series: series.map(({ metric, instance, values }, place) => ({
      metric,
      instance,
      values: Float64Array.from({ length: rows }, (_, row) => {
        const value = values[(first + row) % length] ?? NaN;
        return varied(value, units[place] ?? 0, Math.floor((first + row) / length) + SERIES_APART * place);
      }),
    })),
  };
}

const SERIES_APART = 7;
const LEAST_SHARE = 0.6;
const KINDS = 97;
const DECIMALS = [1, 10, 100, 1_000];

/**
 * A day that says the same every ten minutes is shorter for whoever looks for what was said before: so each time values are another
 * share of what they were, told as finely as the recording tells them. What is constant stays so.
 */
function varied(value: number, unit: number, kind: number): number {
  if (unit === 0) return value;
  const share = 1 - ((1 - LEAST_SHARE) * ((kind * kind) % KINDS)) / KINDS;
  return unit >= 1 ? Math.round((value * share) / unit) * unit : Math.round(value * share * (1 / unit)) / (1 / unit);
}

const units = new WeakMap<Recording, readonly number[]>();

/** The largest unit that all values of a series are multiples of, pages for instance or hundredths; 0 where they all rise by the same, or not at all. */
function unitsOf(source: Recording): readonly number[] {
  const known =
    units.get(source) ?? source.series.map(({ values }) => unitOf(values.filter((value) => !Number.isNaN(value))));
  units.set(source, known);
  return known;
}

function unitOf(values: Float64Array): number {
  const step = (values[1] ?? 0) - (values[0] ?? 0);
  if (values.every((value, row) => row === 0 || value - (values[row - 1] ?? 0) === step)) return 0;
  const scale = DECIMALS.find((each) =>
    values.every((value) => Number.isInteger(value * each) || Math.round(value * each) / each === value),
  );
  if (scale === undefined) return 0;
  if (scale > 1) return 1 / scale;
  let unit = 2 ** 16;
  while (unit > 1 && values.some((value) => value % unit !== 0)) unit /= 2;
  return unit;
}

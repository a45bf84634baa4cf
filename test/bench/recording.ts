import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

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

import { linuxHost, type TelemetryReading } from "@edgemere/agent";
import { pack, readTelemetry, schemaIn, TelemetryWriter, unpackBatch, v1, type GivenSamples } from "@edgemere/protocol";
import { systemClock } from "@edgemere/protocol/kit";
import { packedDoubles, unpackedDoubles } from "./packed-doubles.ts";
import { figure, quantile, spread } from "./statistics.ts";
import type { Table } from "./table.ts";

const ROUNDS = 7;
const TIMES = 200;
const SERIES = 60;
const ROWS = [1, 6, 60] as const;
const EVERY = 200;
const device = "d1";

/** This host's own telemetry to a message and back: in columns, as doubles under their names, and as JSON. */
export async function codec(): Promise<readonly Table[]> {
  const recorded = await recording();
  return ROWS.map((rows) => compared(firstRows(recorded, rows)));
}

function compared(samples: GivenSamples): Table {
  const size = samples.series.length * samples.offsetMs.length;
  const steps = stepsOf(samples);
  const rounds = new Map(Object.keys(steps).map((name) => [name, [] as number[]]));
  // The first round is for the compiler.
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, { run }] of Object.entries(steps)) {
      const taken = microseconds(run);
      if (round > 0) rounds.get(name)?.push(taken);
    }
  const { schema } = new TelemetryWriter().write(samples, samples.baseMs);
  const once = v1.TelemetrySchema.encode({ series: [...schema.series] }).finish().length;
  return {
    title: `codec: ${samples.series.length} series × ${samples.offsetMs.length} rows of this host, one record a message`,
    columns: ["", "µs", "ns/sample", "bytes", "bytes/sample"],
    rows: Object.entries(steps).map(([name, { bytes }]) => {
      const taken = rounds.get(name) ?? [];
      const each = figure((quantile(taken, 0.5) * 1_000) / size);
      return [name, spread(taken), each, figure(bytes), figure(bytes / size)];
    }),
    notes: [
      `Median (least..most) of ${ROUNDS} rounds of ${TIMES}. Rows are ${EVERY} ms apart. The schema of the columns takes ${figure(once)} bytes, once in a session. ` +
        "Columns are checked when they are read; the peers are not.",
    ],
  };
}

function stepsOf(
  samples: GivenSamples,
): Readonly<Record<string, { readonly bytes: number; readonly run: () => unknown }>> {
  const atMs = samples.baseMs + (samples.offsetMs.at(-1) ?? 0);
  const writer = new TelemetryWriter();
  const columns = () => {
    const { telemetry } = writer.write(samples, atMs);
    const records = [{ sequence: 1_000, atMs, clockPeriod: 1, telemetry }];
    return pack("telemetry", { device }, { records, firstUnacknowledged: 1_000, sessionEpoch: 7 }).payload;
  };
  const json = () => Buffer.from(JSON.stringify(samples));
  const [payload, doubles, text] = [columns(), packedDoubles(samples), json()];
  const schema = schemaIn({ series: samples.series.map(({ metric, instance = "" }) => ({ metric, instance })) });
  const known = new Map([[schema.name, schema]]);
  return {
    "columns: encode": { bytes: payload.length, run: columns },
    "packed doubles: encode": { bytes: doubles.length, run: () => packedDoubles(samples) },
    "JSON: encode": { bytes: text.length, run: json },
    "columns: decode": {
      bytes: payload.length,
      run: () => readTelemetry(unpackBatch("telemetry", payload), 0, known),
    },
    "packed doubles: decode": { bytes: doubles.length, run: () => unpackedDoubles(doubles) },
    "JSON: decode": { bytes: text.length, run: (): unknown => JSON.parse(text.toString()) },
  };
}

/** The first series that the host has, at each instant. */
async function recording(): Promise<GivenSamples> {
  const host = linuxHost();
  const looks: { readonly at: number; readonly readings: readonly TelemetryReading[] }[] = [];
  // Rates are there from the second look on.
  for (let look = 0; look <= Math.max(...ROWS); look++) {
    const readings = await host.sample();
    if (look > 0) looks.push({ at: Date.now(), readings });
    await systemClock.sleep(EVERY);
  }
  const baseMs = looks[0]?.at ?? 0;
  const names = (looks[0]?.readings ?? []).slice(0, SERIES);
  return {
    baseMs,
    offsetMs: looks.map(({ at }) => at - baseMs),
    series: names.map(({ metric, instance }) => ({
      metric,
      instance,
      values: looks.map(
        ({ readings }) => readings.find((each) => each.metric === metric && each.instance === instance)?.value ?? NaN,
      ),
    })),
  };
}

const firstRows = ({ baseMs, offsetMs, series }: GivenSamples, rows: number): GivenSamples => ({
  baseMs,
  offsetMs: offsetMs.slice(0, rows),
  series: series.map((each) => ({ ...each, values: each.values.slice(0, rows) })),
});

function microseconds(run: () => unknown): number {
  const from = performance.now();
  for (let time = 0; time < TIMES; time++) run();
  return ((performance.now() - from) * 1_000) / TIMES;
}

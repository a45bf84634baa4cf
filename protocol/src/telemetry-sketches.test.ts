import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ColumnEncoder } from "./column-encoder.ts";
import { v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { NEW_YEAR } from "./sample-messages.test-support.ts";
import { Sketch } from "./sketch.ts";
import { checkTelemetry, samplesOf, TelemetryWriter } from "./telemetry-columns.ts";

const sketchOf = (values: readonly number[]): Sketch | undefined => {
  if (values.length === 0) return undefined;
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return sketch;
};
const someValue = fc.double({ min: -1e6, max: 1e6, noNaN: true });
/** Of each series, of each row, the values that its mean is made of; none where there is no value. */
const measured = fc
  .record({ rows: fc.integer({ min: 1, max: 5 }), series: fc.integer({ min: 1, max: 4 }) })
  .chain(({ rows, series }) => {
    const row = fc.array(someValue, { maxLength: 8 });
    const column = fc.array(row, { minLength: rows, maxLength: rows });
    return fc.array(column, { minLength: series, maxLength: series });
  });

function written(columns: readonly (readonly (readonly number[])[])[]) {
  const offsetMs = columns[0]?.map((_, row) => row * 1_000) ?? [];
  const series = columns.map((rows, place) => ({
    metric: `m${place}`,
    values: rows.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    sketches: rows.map(sketchOf),
  }));
  const { telemetry, schema } = new TelemetryWriter().write({ baseMs: NEW_YEAR, offsetMs, series }, NEW_YEAR);
  const bytes = v1.TelemetryBatch.encode(telemetry).finish();
  return { bytes, schema };
}
const read = (bytes: Uint8Array, schema: Parameters<typeof samplesOf>[1]) => {
  const telemetry = v1.TelemetryBatch.decode(bytes);
  checkTelemetry(telemetry);
  return samplesOf({ atMs: NEW_YEAR, telemetry }, schema);
};

test("how the values of a mean lay comes back with it, row by row", () => {
  fc.assert(
    fc.property(measured, (columns) => {
      const { bytes, schema } = written(columns);

      const found = new Map(read(bytes, schema).series.map((each) => [each.metric, each]));
      for (const [place, rows] of columns.entries()) {
        const held = (each: Sketch | undefined) => each?.held;
        const expected = rows.map(sketchOf).map(held);
        const told = found.get(`m${place}`)?.sketches ?? rows.map(() => undefined);
        assert.deepEqual(told.map(held), expected);
      }
    }),
  );
});

test("whatever was changed in sketches, they are read or refused, and tell of no value that cannot be", () => {
  const damage = fc.record({ at: fc.nat(400), value: fc.nat(255) });
  fc.assert(
    fc.property(measured, fc.array(damage, { maxLength: 4 }), (columns, damaged) => {
      const { bytes, schema } = written(columns);
      for (const { at, value } of damaged) if (at < bytes.length) bytes[at] = value;
      try {
        for (const { sketches = [] } of read(bytes, schema).series)
          for (const sketch of sketches) if (sketch) assert.ok(sketch.count > 0 && !Number.isNaN(sketch.quantile(0.5)));
      } catch (error) {
        assert.ok(error instanceof Error && /^(ProtocolError|Error|RangeError)$/.test(error.name), String(error));
      }
    }),
  );
});

test("sketches that are not of their column, or of more buckets than they say, are refused", () => {
  const { bytes, schema } = written([[[1, 2, 3], []]]);
  const { rows, times, columns: values, schema: name, sketches: told } = v1.TelemetryBatch.decode(bytes);
  const telemetry = { rows, times, columns: values, schema: name };
  const [sketches = {}]: v1.TelemetrySketches.$Properties[] = told;
  const columns = new ColumnEncoder();
  const column = (...values: readonly number[]) => columns.encode(values);
  for (const [what, bent] of Object.entries({
    twice: [sketches, sketches],
    elsewhere: [{ ...sketches, column: 1 }],
    "of fewer buckets": [{ ...sketches, size: 2 }],
    "of a bucket beyond all numbers": [
      { ...sketches, size: 1, sizes: column(1, 0), buckets: column(1e6), counts: column(1) },
    ],
    "of half a value": [{ ...sketches, size: 1, sizes: column(1, 0), buckets: column(40_000), counts: column(0.5) }],
    "without columns": [{ column: 0, size: 3 }],
  }))
    assert.throws(
      () => read(v1.TelemetryBatch.encode({ ...telemetry, sketches: bent }).finish(), schema),
      ProtocolError,
      what,
    );
  const absent = { ...telemetry, sketches: told, columns: [column(NaN, 2)] };
  assert.throws(() => samplesOf({ atMs: NEW_YEAR, telemetry: absent }, schema), /none of values in row 0/);
});

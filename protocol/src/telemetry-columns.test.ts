import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inColumns } from "./in-columns.ts";
import { v1 } from "./messages.ts";
import { NEW_YEAR } from "./sample-messages.test-support.ts";
import { checkTelemetry, samplesOf, TelemetryWriter, type GivenSamples } from "./telemetry-columns.ts";
import { checkSeries, schemaIn, schemaNameFrom, schemaOf } from "./telemetry-schema.ts";

const written = (samples: GivenSamples, atMs: number, writer = new TelemetryWriter()) => {
  const { telemetry, schema } = writer.write(samples, atMs);
  const bytes = v1.Record.encode({ sequence: 1, atMs, telemetry }).finish();
  return { record: sampled(bytes), schema, bytes };
};
function sampled(bytes: Uint8Array) {
  const { atMs, telemetry } = v1.Record.decode(bytes);
  if (telemetry) return { atMs, telemetry: v1.TelemetryBatch.decode(v1.TelemetryBatch.encode(telemetry).finish()) };
  throw new RangeError("these bytes are no record of telemetry");
}
const of = (...metrics: readonly string[]): GivenSamples => ({
  baseMs: NEW_YEAR,
  offsetMs: [0],
  series: metrics.map((metric, i) => ({ metric, values: [i] })),
});

const value = fc.double({ noDefaultInfinity: true });
const samples = fc
  .record({
    baseMs: fc.integer({ min: 0, max: 7e12 }),
    steps: fc.array(fc.nat(100_000), { maxLength: 20 }),
    names: fc.uniqueArray(fc.tuple(fc.string({ unit: "binary", minLength: 1 }), fc.string({ unit: "binary" })), {
      maxLength: 8,
      selector: ([metric, instance]) => JSON.stringify([metric, instance]),
    }),
    seed: fc.array(value, { minLength: 1 }),
  })
  .map(({ baseMs, steps, names, seed }) => {
    const offsetMs = steps.reduce((all, step) => [...all, (all.at(-1) ?? 0) + step], [0]);
    const values = (column: number) => offsetMs.map((_, row) => seed[(column * 7 + row) % seed.length] ?? 0);
    return {
      baseMs,
      offsetMs,
      series: names.map(([metric, instance], i) => ({ metric, instance, values: values(i) })),
    };
  });

test("whatever the samples and whenever the record was made, they come back bit by bit", () => {
  fc.assert(
    fc.property(samples, fc.integer({ min: 0, max: 7e12 }), (given, atMs) => {
      const { record, schema } = written(given, atMs);
      const read = samplesOf(record, schema);

      const present = given.series.filter(({ values }) => values.some((each) => !Number.isNaN(each)));
      assert.deepEqual([read.baseMs, read.offsetMs], [given.baseMs, given.offsetMs]);
      assert.deepEqual(
        read.series.map(({ metric, instance, values }) => ({ metric, instance, values: [...values] })),
        present,
      );
    }),
  );
});

test("whatever was changed in the columns, they are read or refused, and never beyond their rows", () => {
  const damage = fc.record({ at: fc.nat(400), value: fc.nat(255) });
  fc.assert(
    fc.property(samples, fc.array(damage, { maxLength: 4 }), (given, damaged) => {
      const { bytes, schema } = written(given, NEW_YEAR);
      for (const { at, value: byte } of damaged) if (at < bytes.length) bytes[at] = byte;
      try {
        const record = sampled(bytes);
        checkTelemetry(record.telemetry);
        for (const { values } of samplesOf(record, schema).series) assert.equal(values.length, record.telemetry.rows);
      } catch (error) {
        assert.ok(error instanceof Error && /^(ProtocolError|Error|RangeError)$/.test(error.name), String(error));
      }
    }),
  );
});

test("a schema has the same name wherever it is read, and another one when anything in it is another", () => {
  const names = fc.array(
    fc.record(
      { metric: fc.string({ unit: "binary" }), instance: fc.string({ unit: "binary" }) },
      { noNullPrototype: true },
    ),
    {
      maxLength: 5,
    },
  );
  fc.assert(
    fc.property(names, names, (one, other) => {
      const bytes = v1.TelemetrySchema.encode({ series: one }).finish();
      assert.deepEqual(schemaIn(v1.TelemetrySchema.decode(bytes)), schemaOf(one));
      assert.equal(schemaOf(one).name === schemaOf(other).name, JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

test("the name of a schema is what the protocol says that it is", () => {
  const { name } = schemaOf([
    { metric: "cpu.busy_percent", instance: "" },
    { metric: "disk.busy_percent", instance: "größe" },
  ]);

  // printf 'edgemere.telemetry-schema.v1\0\0\0\20cpu.busy_percent\0\0\0\0\0\0\0\21disk.busy_percent\0\0\0\7größe' | sha256sum
  assert.equal(name, "0efdb43710ac8ce2");
});

test("for how long values stand belongs to a schema and its name, and travels with it", () => {
  const series = [
    { metric: "cpu.busy_percent", instance: "", holdMs: 300_000 },
    { metric: "disk.busy_percent", instance: "größe" },
  ];
  const schema = schemaOf(series);

  // printf 'edgemere.telemetry-schema.v2\0\0\0\20cpu.busy_percent\0\0\0\0\0\4\223\340\0\0\0\21disk.busy_percent\0\0\0\7größe\0\0\0\0' | sha256sum
  assert.equal(schema.name, "16d4453a66f9053f");
  assert.deepEqual(schemaIn(v1.TelemetrySchema.decode(v1.TelemetrySchema.encode({ series }).finish())), schema);
  const samples = { baseMs: NEW_YEAR, offsetMs: [0], series: series.map((each) => ({ ...each, values: [1] })) };
  const written = new TelemetryWriter().write(samples, NEW_YEAR);
  assert.deepEqual(
    samplesOf({ atMs: NEW_YEAR, telemetry: written.telemetry }, written.schema).series.map(({ holdMs }) => holdMs),
    [300_000, undefined],
  );
});

test("nobody's value stands for longer than a day", () => {
  const held = (holdMs: number) => () => checkSeries([{ metric: "m", instance: "", holdMs }]);

  for (const holdMs of [86_400_001, 2 ** 32 - 1, -1, 0.5, NaN, Infinity])
    assert.throws(held(holdMs), { reason: "out-of-range" }, String(holdMs));
  held(86_400_000)();
});

test("a series that comes and goes, or another order, makes no other schema", () => {
  const writer = new TelemetryWriter();
  const names = [of("a", "b", "c", "d"), of("a", "b", "d"), of("d", "c", "b", "a"), of("b", "c", "d")].map(
    (each) => writer.write(each, NEW_YEAR).schema.name,
  );

  assert.equal(new Set(names).size, 1);
});

test("a series that was not there before makes another schema, and so does the going of half of them", () => {
  const writer = new TelemetryWriter();
  const schemas = [of("a", "b"), of("a", "b", "c", "d"), of("a", "b"), of("a")].map(
    (each) => writer.write(each, NEW_YEAR).schema,
  );

  assert.deepEqual(
    schemas.map(({ series }) => series.map(({ metric }) => metric).join("")),
    ["ab", "abcd", "ab", "a"],
  );
});

test("a column without a value takes a byte, and is not read", () => {
  const writer = new TelemetryWriter();
  writer.write(of("a", "b", "c"), NEW_YEAR);
  const { record, schema } = written({ ...of("a", "c") }, NEW_YEAR, writer);

  assert.deepEqual(
    record.telemetry.columns.map(({ length }) => length),
    [2, 1, 2],
  );
  assert.deepEqual(
    samplesOf(record, schema).series.map(({ metric }) => metric),
    ["a", "c"],
  );
});

for (const [what, given, reason] of [
  ["without a row", { ...of("a"), offsetMs: [], series: [] }, "missing-field"],
  ["with a value too few", { ...of("a"), offsetMs: [0, 1] }, "out-of-range"],
  ["with an infinite value", { ...of(), series: [{ metric: "a", values: [Infinity] }] }, "not-finite"],
  ["of a series without a name", of(""), "missing-field"],
  ["of one series twice", of("a", "a"), "out-of-range"],
  ["of more series than a schema holds", of(...Array.from({ length: 1_001 }, (_, i) => `m${i}`)), "too-many"],
  ["that go back in time", { ...of(), offsetMs: [5, 4] }, "out-of-range"],
  ["from after the year 2200", { ...of("a"), baseMs: 8e12 }, "out-of-range"],
] as const)
  test(`samples ${what} are not written`, () => {
    assert.throws(() => new TelemetryWriter().write(given, NEW_YEAR), { name: "ProtocolError", reason });
  });

test("records of one message bring each schema once", () => {
  const place = { sequence: 1, atMs: NEW_YEAR };
  const { records, schemas } = inColumns([
    { ...place, telemetry: of("a", "b") },
    { ...place, sequence: 2, gap: { upTo: 2 } },
    { ...place, sequence: 3, telemetry: of("b", "a") },
    { ...place, sequence: 4, telemetry: of("c") },
  ]);

  assert.deepEqual(
    schemas.map(({ series = [] }) => series.map(({ metric }) => metric)),
    [["a", "b"], ["c"]],
  );
  assert.deepEqual(
    records.flatMap(({ telemetry }) => (telemetry?.schema ? schemaNameFrom(telemetry.schema) : [])),
    [0, 0, 1].map((i) => schemaIn(schemas[i] ?? {}).name),
  );
});

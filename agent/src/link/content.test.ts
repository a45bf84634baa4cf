import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, TelemetryWriter, v1 } from "@edgemere/protocol";
import { contentOf } from "./content.ts";
import { keep, type KeptRecord } from "./spool/kept-record.ts";

/** Records of one series each, and by their names the schemas that they need. */
function recordsOf(metrics: readonly string[], rows = 1) {
  const schemas = new Map<string, v1.TelemetrySchema>();
  const records = metrics.map((metric, i): KeptRecord => {
    const offsetMs = Array.from({ length: rows }, (_, row) => row);
    const given = { baseMs: 1, offsetMs, series: [{ metric, values: offsetMs.map(() => 1) }] };
    const { telemetry, schema } = new TelemetryWriter().write(given, 1);
    schemas.set(schema.name, v1.TelemetrySchema.create({ series: [...schema.series] }));
    return keep("telemetry", { sequence: i + 1, atMs: 1, telemetry });
  });
  return { records, schema: (name: string) => schemas.get(name) };
}
const many = (count: number, name = "m") => Array.from({ length: count }, (_, i) => `${name}${i}`);
const roomy = { isKnown: () => false, bytes: limits.messageBytes };
const told = ({ schemas }: ReturnType<typeof contentOf>) => schemas.map(({ series }) => series[0]?.metric);

test("records go with each schema once, and without those that are known", () => {
  const { records, schema } = recordsOf(["a", "b", "a", "c"]);
  const known = records[1]?.schema;
  const content = contentOf(records, { ...roomy, schema, isKnown: (name) => name === known });

  assert.deepEqual([content.records.length, told(content)], [4, ["a", "c"]]);
});

test("a message holds no more schemas than the other side takes", () => {
  const { records, schema } = recordsOf(many(limits.telemetrySchemas + 5));
  const content = contentOf(records, { ...roomy, schema });

  assert.deepEqual(
    [content.records.length, content.schemas.length],
    [limits.telemetrySchemas, limits.telemetrySchemas],
  );
});

test("a message holds no more samples than the other side reads, however few bytes they take", () => {
  const { records, schema } = recordsOf(
    Array.from({ length: 60 }, () => "a"),
    limits.telemetryRows,
  );
  const content = contentOf(records, { ...roomy, schema });

  assert.equal(content.records.length, Math.floor(limits.messageSamples / limits.telemetryRows));
});

test("schemas take their room in a message, and the first record goes in any case", () => {
  const { records, schema } = recordsOf(many(5, "n".repeat(200)));
  const taken = [1, 1_500, 100_000].map((bytes) => contentOf(records, { ...roomy, schema, bytes }).records.length);

  assert.deepEqual(taken, [1, 2, 5]);
});

test("without a record there is nothing to tell", () => {
  assert.deepEqual(contentOf([], { ...roomy, schema: () => undefined }), { records: [], schemas: [] });
});

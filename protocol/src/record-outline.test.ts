import assert from "node:assert/strict";
import { test } from "node:test";
import { v1, type Encodable } from "./messages.ts";
import { outlineOf } from "./record-outline.ts";
import { aGap, aTelemetryRecord, NEW_YEAR } from "./sample-messages.test-support.ts";

const encoded = (record: Encodable<typeof v1.Record>) => v1.Record.encode(record).finish();
const place = { sequence: 7, atMs: NEW_YEAR, clockPeriod: 3 };

test("the outline of a record says where and when it is, and of what it carries no more than the schema", () => {
  const telemetry = { ...aTelemetryRecord({ schema: Buffer.from("0123456789abcdef", "hex") }), ...place };
  const { record, last, schema } = outlineOf("telemetry", encoded(telemetry));

  assert.deepEqual([record.sequence, record.atMs, record.clockPeriod, last], [7, NEW_YEAR, 3, 7]);
  assert.equal(record.body, undefined);
  assert.equal(schema, "0123456789abcdef");
});

test("the outline of a gap is all of it", () => {
  const gap = { ...aGap(), ...place };
  const { record, last } = outlineOf("telemetry", encoded(gap));

  assert.deepEqual(encoded(record), encoded(gap));
  assert.equal(last, 10);
});

for (const [what, bytes] of [
  ["no record", Uint8Array.of(255, 255)],
  ["a record without a number", encoded({ ...aTelemetryRecord(), sequence: 0 })],
  ["a gap that ends before it begins", encoded({ ...aGap({ upTo: 6 }), ...place })],
  ["a record that is cut off", encoded({ ...aTelemetryRecord(), ...place }).subarray(0, -1)],
] as const)
  test(`${what} has no outline`, () => {
    assert.throws(() => outlineOf("telemetry", bytes), { name: "ProtocolError" });
  });

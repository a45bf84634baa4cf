import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "./generated.ts";
import { isControlMetric, readSparkplugPayload, rebirthRequest, sparkplugLimits } from "./payload.ts";
import { valueOf } from "./values.ts";

const reasonOf = (bytes: Uint8Array) => {
  try {
    readSparkplugPayload(bytes);
    return "taken";
  } catch (error) {
    return (error as { reason?: string }).reason;
  }
};

test("a payload that is too large is refused before anybody decodes it", () => {
  assert.equal(reasonOf(Buffer.alloc(sparkplugLimits.payloadBytes + 1, 0xff)), "too-large");
});

test("two bytes a metric do not make a million objects: metrics are counted before they are built", () => {
  const bomb = Buffer.from("1200".repeat(sparkplugLimits.payloadMetrics + 1), "hex");

  assert.equal(reasonOf(bomb), "too-many");
  assert.equal(reasonOf(bomb.subarray(2)), "taken");
});

const malformed: readonly (readonly [what: string, hex: string])[] = [
  ["a length beyond the end", "12ff7f00"],
  ["half a number", "0880"],
  ["a wire type that there is not", "0f"],
  ["text that is no UTF-8", "12030a01ff"],
  ["JSON", Buffer.from('{"seq":0}').toString("hex")],
  ["groups in groups in groups", "1b".repeat(200_000)],
];
for (const [what, hex] of malformed)
  test(`a payload with ${what} is malformed`, () => {
    assert.equal(reasonOf(Buffer.from(hex, "hex")), "malformed");
  });

test("a sequence number beyond 255 is out of range", () => {
  assert.equal(reasonOf(v1.Payload.encode({ seq: 256 }).finish()), "out-of-range");
});

test("what was not said is undefined, and a sequence number of 0 was said", () => {
  assert.deepEqual(readSparkplugPayload(new Uint8Array()), { timestamp: undefined, seq: undefined, metrics: [] });
  assert.equal(readSparkplugPayload(v1.Payload.encode({ seq: 0 }).finish()).seq, 0);
});

test("a request for births is one true control metric", () => {
  const { metrics, timestamp } = readSparkplugPayload(rebirthRequest(1_750_000_000_000));
  const [metric] = metrics;

  assert.ok(metric && metrics.length === 1 && isControlMetric(metric.name ?? ""));
  assert.deepEqual(
    [timestamp, valueOf(metric, metric.datatype ?? 0)],
    [1_750_000_000_000, { kind: "number", value: 1 }],
  );
});

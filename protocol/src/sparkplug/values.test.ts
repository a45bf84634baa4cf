import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { foreignBirth } from "./foreign-birth.test-support.ts";
import { v1 } from "./generated.ts";
import { bdSeqOf, readSparkplugPayload } from "./payload.ts";
import { valueOf } from "./values.ts";

const read = (metric: object, datatype: number) => {
  const bytes = v1.Payload.encode({ metrics: [metric] }).finish();
  const [decoded] = readSparkplugPayload(bytes).metrics;
  assert.ok(decoded);
  return valueOf(decoded, datatype);
};
const whole = (intValue: number) => ({ intValue, value: "intValue" });
const long = (longValue: number) => ({ longValue, value: "longValue" });
const float = (floatValue: number) => ({ floatValue, value: "floatValue" });
const double = (doubleValue: number) => ({ doubleValue, value: "doubleValue" });
const text = (stringValue: string) => ({ stringValue, value: "stringValue" });

test("a birth of another implementation is read metric by metric as it was meant", () => {
  const birth = readSparkplugPayload(foreignBirth);

  const values = birth.metrics.map((metric) => {
    const read = valueOf(metric, metric.datatype ?? 0);
    return [metric.name, "value" in read ? read.value : "reason" in read ? read.reason : read.kind];
  });
  assert.deepEqual([birth.timestamp, birth.seq, bdSeqOf(birth)], [1_750_000_000_000, 0, 7]);
  assert.deepEqual(values, [
    ["bdSeq", 7],
    ["Node Control/Rebirth", 0],
    ["a", -5],
    ["b", -300],
    ["c", -70_000],
    ["d", -2],
    ["e", 200],
    ["f", 60_000],
    ["g", 4_000_000_000],
    ["h", 2 ** 64],
    ["i", 1.5],
    ["j", -2.25],
    ["k", 1],
    ["l", "text é"],
    ["m", 1_750_000_000_123],
    ["n", "more"],
    ["o", "0f8fad5b-d9cb-469f-a165-70867728950e"],
    ["p", "unsupported"],
    ["q", "unsupported"],
    ["r", "unsupported"],
    ["s", "none"],
    ["t", 5],
    ["u", 1],
  ]);
});

const taken: readonly (readonly [what: string, metric: object, datatype: number, value: unknown])[] = [
  ["Int8 as one byte", whole(0xfb), 1, -5],
  ["Int8 extended to 32 bits", whole(0xfffffffb), 1, -5],
  ["Int16 as two bytes", whole(0x8000), 2, -32_768],
  ["Int32", whole(0x80000000), 3, -2_147_483_648],
  ["Int32 in the field for 64 bits, extended", long(-1), 3, -1],
  ["Int32 in the field for 64 bits, not extended", long(0xffffffff), 3, -1],
  ["Int64, exact up to 2^53", long(-Number.MAX_SAFE_INTEGER), 4, -Number.MAX_SAFE_INTEGER],
  ["UInt8", whole(255), 5, 255],
  ["UInt32 in the field for 64 bits", long(4_294_967_295), 7, 4_294_967_295],
  ["UInt64 above 2^63, as the nearest double", long(-(2 ** 62)), 8, 2 ** 64 - 2 ** 62],
  ["Float", float(0.5), 9, 0.5],
  ["Double in the field of Float", float(2), 10, 2],
  ["Boolean", { booleanValue: false, value: "booleanValue" }, 11, 0],
  ["DateTime", long(1_750_000_000_000), 13, 1_750_000_000_000],
  ["String that is empty", text(""), 12, ""],
  ["String that is too long, cut", text("x".repeat(5_000)), 12, "x".repeat(4_096)],
];
for (const [what, metric, datatype, value] of taken)
  test(`${what} is taken`, () => {
    const read_ = read(metric, datatype);

    assert.equal("value" in read_ ? read_.value : read_.kind, value);
  });

const refused: readonly (readonly [what: string, metric: object, datatype: number, reason: string])[] = [
  ["a number beyond its type", whole(300), 5, "out-of-range"],
  ["a number beyond its signed type", whole(300), 1, "out-of-range"],
  ["a negative number without a sign", long(-1), 7, "out-of-range"],
  ["an endless Float", float(Infinity), 9, "not-finite"],
  ["a Double that is no number", double(NaN), 10, "not-finite"],
  ["an instant before 1970", long(-1), 13, "out-of-range"],
  ["a text where a number was declared", text("5"), 3, "wrong-body"],
  ["a number where a text was declared", whole(5), 12, "wrong-body"],
  ["no value at all", {}, 10, "wrong-body"],
  ["an unknown type", whole(5), 0, "unsupported"],
  ["a data set", {}, 16, "unsupported"],
  ["an array", {}, 22, "unsupported"],
  ["a type that nobody knows", whole(5), 4_000_000_000, "unsupported"],
];
for (const [what, metric, datatype, reason] of refused)
  test(`${what} is refused as ${reason}`, () => {
    const read_ = read(metric, datatype);

    assert.equal("reason" in read_ ? read_.reason : read_.kind, reason);
  });

test("what is said to be null has no value, whatever stands there", () => {
  assert.deepEqual(read({ isNull: true, ...whole(5) }, 3), { kind: "none" });
});

test("whatever a metric says, reading it gives a finite number, a text, nothing, or a reason", () => {
  const anyMetric = fc.oneof(
    fc.nat({ max: 0xffffffff }).map(whole),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => long(Number(value))),
    fc.float().map(float),
    fc.double().map(double),
    fc.string().map(text),
  );
  fc.assert(
    fc.property(anyMetric, fc.nat({ max: 40 }), (metric, datatype) => {
      const value = valueOf({ isNull: false, ...metric } as Parameters<typeof valueOf>[0], datatype);
      return value.kind !== "number" || Number.isFinite(value.value);
    }),
  );
});

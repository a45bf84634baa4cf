import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unpack } from "./codec.ts";
import { limits } from "./limits.ts";
import { v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { unpackBatch } from "./record-batch.ts";
import { formatTopic } from "./topics.ts";

const aRecord = (sequence: number, name = "started") => ({ sequence, atMs: 1, agentEvent: { name } });
const bytesOf = (batch: v1.RecordBatch.$Properties) => v1.RecordBatch.encode(batch).finish();
const judged = (...records: readonly v1.Record.$Properties[]) =>
  unpackBatch("event", bytesOf({ records: [...records], firstUnacknowledged: 1 }));
const reasonOf = (read: () => unknown): string => {
  try {
    read();
    return "taken";
  } catch (error) {
    if (error instanceof ProtocolError) return error.reason;
    throw error;
  }
};

test("each record is given with its bytes as they came, whatever stands around them", () => {
  const unknown = Uint8Array.of(0xfa, 0x01, 0x02, 0x0a, 0x00);
  const records = [aRecord(7), { sequence: 8, atMs: 1, gap: { upTo: 12, reason: "damaged" } }, aRecord(13, "ended")];
  const payload = Buffer.concat([unknown, bytesOf({ records, clocks: [{ clockPeriod: 1, offsetMs: 5 }] }), unknown]);

  const { records: found, clocks } = unpackBatch("event", payload);

  assert.deepEqual(
    found.map(({ record, last }) => [record.sequence, last]),
    [
      [7, 7],
      [8, 12],
      [13, 13],
    ],
  );
  assert.deepEqual(
    found.map(({ bytes }) => Buffer.from(bytes).toString("hex")),
    records.map((record) => Buffer.from(v1.Record.encode(record).finish()).toString("hex")),
  );
  assert.equal(clocks.length, 1);
});

test("a record that breaks a rule is told apart from those that do not", () => {
  const { records, faults } = judged(aRecord(1), aRecord(2, ""), { sequence: 3, atMs: 1 }, aRecord(4));

  assert.deepEqual(
    records.map(({ fault }) => fault?.reason),
    [undefined, "missing-field", "missing-field", undefined],
  );
  assert.equal(faults.length, 2);
});

test("a gap that breaks a rule still says how far it reaches", () => {
  const { records } = judged({ sequence: 1, atMs: 1, gap: { upTo: 9 } }, aRecord(10));

  assert.deepEqual(
    records.map(({ last, fault }) => [last, fault?.reason]),
    [
      [9, "missing-field"],
      [10, undefined],
    ],
  );
});

for (const [what, batch, reason] of [
  ["a hole", { records: [aRecord(1), aRecord(3)] }, "out-of-range"],
  ["a number of zero", { records: [aRecord(0)] }, "missing-field"],
  ["a number that no computer counts to", { records: [aRecord(2 ** 60)] }, "out-of-range"],
  ["a gap that ends before it begins", { records: [{ sequence: 4, gap: { upTo: 3 } }] }, "out-of-range"],
  [
    "too many records",
    { records: Array.from({ length: limits.batchRecords + 1 }, (_, i) => aRecord(i + 1)) },
    "too-many",
  ],
] as const)
  test(`a batch with ${what} is refused as a whole`, () => {
    assert.equal(
      reasonOf(() => unpackBatch("event", bytesOf({ ...batch, records: [...batch.records] }))),
      reason,
    );
  });

test("bytes that are no batch, or too many, are refused as a whole", () => {
  assert.equal(
    reasonOf(() => unpackBatch("event", Buffer.from("hello"))),
    "malformed",
  );
  assert.equal(
    reasonOf(() => unpackBatch("event", Buffer.alloc(limits.messageBytes + 1))),
    "too-large",
  );
});

test("whatever the bytes, a batch without a fault is one that the strict reader takes, and the other way round", () => {
  const record = fc.record({
    sequence: fc.constantFrom(0, 1, 2, 3, 4, 2 ** 60),
    atMs: fc.constantFrom(-1, 0, 1),
    agentEvent: fc.record({ name: fc.constantFrom("", "n") }),
  });
  const batch = fc.record({
    records: fc.array(record, { maxLength: 3 }),
    clocks: fc.array(fc.record({ offsetMs: fc.constantFrom(0, 2 ** 52) }), { maxLength: 1 }),
  });
  const damaged = fc.tuple(batch, fc.nat(200), fc.nat(255), fc.boolean()).map(([whole, at, value, isWhole]) => {
    const bytes = Buffer.from(bytesOf(whole));
    if (!isWhole && at < bytes.length) bytes[at] = value;
    return bytes;
  });
  const topic = formatTopic("event", { device: "d1" });

  fc.assert(
    fc.property(damaged, (bytes) => {
      const lenient = reasonOf(() => {
        const [fault] = unpackBatch("event", bytes).faults;
        if (fault !== undefined) throw fault;
      });
      const strict = reasonOf(() => unpack(topic, bytes));
      assert.equal(lenient === "taken", strict === "taken", `${lenient} and ${strict}`);
    }),
    { numRuns: 2_000 },
  );
});

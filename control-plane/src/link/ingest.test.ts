import assert from "node:assert/strict";
import { test } from "node:test";
import { unpackBatch, v1, type Encodable, type JudgedBatch } from "@edgemere/protocol";
import { following, incoming, type Incoming } from "./arrival.ts";

type Batch = Encodable<typeof v1.RecordBatch>;

const aBatch = (batch: Batch): JudgedBatch => unpackBatch("event", v1.RecordBatch.encode(batch).finish());
const aRecord = (sequence: number) => ({ sequence, atMs: 1_000, agentEvent: { name: "started" } });
const aGap = (sequence: number, upTo: number) => ({
  sequence,
  atMs: 1_000,
  gap: { upTo, records: upTo - sequence + 1, reason: "spool-full" },
});
/** An agent event without a name breaks a rule. */
const aBadRecord = (sequence: number) => ({ sequence, atMs: 1_000, agentEvent: {} });
const after = (upTo: number, batch: Batch, atMs = 400): readonly Incoming[] => {
  const judged = aBatch(batch);
  return following(incoming(judged, 9_000), { firstUnacknowledged: judged.firstUnacknowledged, upTo, atMs });
};
const spans = (found: readonly Incoming[]) => found.map(({ first, last, gapReason = "" }) => [first, last, gapReason]);

test("records that are stored already are left out", () => {
  const found = after(2, { firstUnacknowledged: 1, records: [aRecord(1), aRecord(2), aRecord(3)] });

  assert.deepEqual(spans(found), [[3, 3, ""]]);
});

test("of a gap that is partly stored the rest remains, with what is left of its count, and is still known as a gap", () => {
  const found = after(5, { firstUnacknowledged: 3, records: [aGap(3, 9), aRecord(10)] });

  assert.deepEqual(spans(found), [
    [6, 9, "spool-full"],
    [10, 10, ""],
  ]);
  const [{ record } = {}] = found;
  assert.deepEqual([record?.body, record?.sequence, record?.gap?.upTo, record?.gap?.records], ["gap", 6, 9, 4]);
});

test("a batch after a hole waits while the device still has what is missing", () => {
  assert.deepEqual(after(3, { firstUnacknowledged: 4, records: [aRecord(7)] }), []);
});

test("a hole that the device cannot fill becomes an unexplained gap from the last record to the next", () => {
  const found = after(3, { firstUnacknowledged: 7, records: [aRecord(7)] });

  assert.deepEqual(spans(found), [
    [4, 6, "unexplained"],
    [7, 7, ""],
  ]);
  const gap = found[0]?.record.gap;
  assert.deepEqual([gap?.records, gap?.estimated, gap?.fromMs, gap?.toMs], [3, true, 400, 1_000]);
});

test("a gap after a clock that went back is no longer than nothing", () => {
  const [hole] = after(3, { firstUnacknowledged: 7, records: [aRecord(7)] }, 5_000);

  assert.deepEqual([hole?.record.gap?.fromMs, hole?.record.gap?.toMs], [1_000, 1_000]);
});

test("a record that can never be taken is explained in its place, and those around it are taken", () => {
  const found = after(0, { firstUnacknowledged: 1, records: [aRecord(1), aBadRecord(2), aRecord(3)] });

  assert.deepEqual(spans(found), [
    [1, 1, ""],
    [2, 2, "refused"],
    [3, 3, ""],
  ]);
  const gap = found[1]?.record.gap;
  assert.deepEqual([gap?.records, gap?.estimated, gap?.fromMs, gap?.toMs], [1, false, 9_000, 9_000]);
});

test("records in a row that can never be taken make one gap, however many they are", () => {
  const records = Array.from({ length: 1_000 }, (_, i) => aBadRecord(i + 1));

  const found = after(0, { firstUnacknowledged: 1, records });

  assert.deepEqual(spans(found), [[1, 1_000, "refused"]]);
  assert.deepEqual([found[0]?.record.gap?.records, found[0]?.refused?.length], [1_000, 1_000]);
});

test("of refused records that were explained before only the rest is", () => {
  const found = after(2, { firstUnacknowledged: 1, records: [aBadRecord(1), aBadRecord(2), aBadRecord(3)] });

  assert.deepEqual(spans(found), [[3, 3, "refused"]]);
  assert.deepEqual(
    found[0]?.refused?.map(({ record }) => record.sequence),
    [3],
  );
});

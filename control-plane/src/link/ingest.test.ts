import assert from "node:assert/strict";
import { test } from "node:test";
import { v1, type Encodable, type RecordBatch } from "@edgemere/protocol";
import { newRecords } from "./ingest.ts";

const aBatch = (batch: Encodable<typeof v1.RecordBatch>): RecordBatch =>
  v1.RecordBatch.decode(v1.RecordBatch.encode(batch).finish());
const aRecord = (sequence: number) => ({ sequence, atMs: 1_000, agentEvent: { name: "started" } });
const aGap = (sequence: number, upTo: number) => ({ sequence, atMs: 1_000, gap: { upTo, reason: "spool-full" } });

test("records that are stored already are left out", () => {
  const batch = aBatch({ firstUnacknowledged: 1, records: [aRecord(1), aRecord(2), aRecord(3)] });

  assert.deepEqual(
    newRecords(batch, 2).map(({ sequence }) => sequence),
    [3],
  );
});

test("of a gap that is partly stored the rest remains, and is still known as a gap", () => {
  const batch = aBatch({ firstUnacknowledged: 3, records: [aGap(3, 9), aRecord(10)] });

  assert.deepEqual(
    newRecords(batch, 5).map(({ sequence, body }) => ({ sequence, body })),
    [
      { sequence: 6, body: "gap" },
      { sequence: 10, body: "agentEvent" },
    ],
  );
});

test("a batch after a hole waits while the device still has what is missing", () => {
  const batch = aBatch({ firstUnacknowledged: 4, records: [aRecord(7)] });

  assert.deepEqual(newRecords(batch, 3), []);
});

test("a hole that the device cannot fill becomes an unexplained gap", () => {
  const batch = aBatch({ firstUnacknowledged: 7, records: [aRecord(7)] });

  assert.deepEqual(
    newRecords(batch, 3).map(({ sequence, body, gap }) => ({ sequence, body, upTo: gap?.upTo })),
    [
      { sequence: 4, body: "gap", upTo: 6 },
      { sequence: 7, body: "agentEvent", upTo: undefined },
    ],
  );
});

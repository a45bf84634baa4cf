import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@edgemere/protocol";
import { RecordQueue } from "./record-queue.ts";

const fact = (text = "x") => ({ inventory: { facts: [{ name: "n", text, value: "text" as const }] } });
const large = () => fact("x".repeat(4_096));
const lost = (records: number, from = 1, to = from) => ({ records, from, to, reason: "not-received" });
const shapeOf = (queue: RecordQueue) =>
  queue.batch()?.records.map(({ sequence, gap }) => [sequence, gap?.upTo ?? sequence, gap?.reason ?? ""]);

test("records are numbered from what is stored on, and forgotten when they are stored", () => {
  const queue = new RecordQueue();
  queue.stored(7);
  queue.add(fact(), 1);
  queue.add(fact(), 2);

  assert.deepEqual(shapeOf(queue), [
    [8, 8, ""],
    [9, 9, ""],
  ]);
  queue.stored(8);
  assert.deepEqual([queue.first, queue.next], [9, 10]);
  queue.stored(9);
  assert.deepEqual([queue.isEmpty, queue.first, queue.next, queue.batch()], [true, 10, 10, undefined]);
});

test("what came before it was known how much is stored is numbered behind that, and not taken for it", () => {
  const queue = new RecordQueue();
  queue.add(fact(), 1);
  queue.miss(lost(2));

  queue.stored(7);

  assert.deepEqual(shapeOf(queue), [
    [8, 8, ""],
    [9, 10, "not-received"],
  ]);
});

test("a gap takes as many numbers as there were messages, and gaps for one reason are one", () => {
  const queue = new RecordQueue();
  queue.add(fact(), 1);
  queue.miss(lost(3, 1, 5));
  queue.miss(lost(2, 5, 9));
  queue.add(fact(), 10);

  assert.deepEqual(shapeOf(queue), [
    [1, 1, ""],
    [2, 6, "not-received"],
    [7, 7, ""],
  ]);
});

test("a gap that was offered is not changed any more: it may be stored by now", () => {
  const queue = new RecordQueue();
  queue.miss(lost(1));
  queue.batch();
  queue.miss(lost(1));

  assert.deepEqual(shapeOf(queue), [
    [1, 1, "not-received"],
    [2, 2, "not-received"],
  ]);
});

test("what finds no room is a gap and not forgotten, and there is room again when something was stored", () => {
  const queue = new RecordQueue();
  for (let at = 1; at <= 200; at++) queue.add(large(), at);

  const offered = queue.batch();
  assert.ok(offered);
  let numbers = 0;
  while (!queue.isEmpty) {
    const { records, last } = queue.batch() ?? { records: [], last: 0 };
    for (const { sequence, gap } of records) numbers += (gap?.upTo ?? sequence ?? 0) - (sequence ?? 0) + 1;
    queue.stored(last);
  }
  assert.equal(numbers, 200);
  queue.add(large(), 201);
  assert.deepEqual(shapeOf(queue), [[201, 201, ""]]);
});

test("a batch is never larger than a message may be", () => {
  const queue = new RecordQueue();
  for (let at = 1; at <= 120; at++) queue.add(large(), at);

  const { records } = queue.batch() ?? { records: [] };

  assert.ok(records.length > 40 && records.length * 4_096 < limits.messageBytes);
});

test("who loses messages for one reason and another in turn fills no memory: a full queue has one gap for all of them", () => {
  const queue = new RecordQueue();
  for (let at = 1; at <= 20_000; at++)
    queue.miss({ ...lost(1, at), reason: at % 2 === 0 ? "spool-full" : "not-received" });

  let [records, numbers] = [0, 0];
  while (!queue.isEmpty) {
    const { records: some, last } = queue.batch() ?? { records: [], last: 0 };
    records += some.length;
    for (const { sequence, gap } of some) numbers += (gap?.upTo ?? 0) - (sequence ?? 0) + 1;
    queue.stored(last);
  }

  assert.equal(numbers, 20_000);
  assert.ok(records < 5_000, `${records} records`);
});

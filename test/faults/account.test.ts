import assert from "node:assert/strict";
import { test } from "node:test";
import { accountOf } from "./account.ts";
import { Recorder } from "./recorder.ts";

const fine = { lost: 0, storedTwice: 0, explained: 0, unexplained: 0 };

test("what is stored, explained or still with the device is not lost", () => {
  const stored = { records: [1, 2, 5], gaps: [{ from: 3, upTo: 4, reason: "disk-low" }], watermark: 5 };

  assert.deepEqual(accountOf({ kept: [5, 6, 7], produced: 7 }, stored), {
    ...fine,
    produced: 7,
    acked: 5,
    explained: 2,
  });
});

test("a number that is nowhere is lost, whether it was acknowledged or not", () => {
  const stored = { records: [1, 3], gaps: [], watermark: 3 };

  assert.equal(accountOf({ kept: [5], produced: 5 }, stored).lost, 2);
});

test("a number that is stored and still with the device is not stored twice, one that is there two times is", () => {
  assert.equal(accountOf({ kept: [1, 2], produced: 2 }, { records: [1, 2], gaps: [], watermark: 2 }).storedTwice, 0);
  assert.equal(accountOf({ kept: [], produced: 2 }, { records: [1, 2, 2], gaps: [], watermark: 2 }).storedTwice, 1);
});

test("a gap that nobody can explain is unexplained, even though nothing is missing in the row", () => {
  const stored = { records: [4], gaps: [{ from: 1, upTo: 3, reason: "unexplained" }], watermark: 4 };

  assert.equal(accountOf({ kept: [], produced: 4 }, stored).unexplained, 3);
});

test("a scenario fails of what is lost, doubled, unexplained, open or done twice; a bar of time decides in a full run only", () => {
  const recorder = new Recorder();
  recorder.records({ produced: 9, acked: 9, lost: 1, storedTwice: 2, explained: 3, unexplained: 3 });
  recorder.commands({ given: 4, ended: 3, mostEffects: 2, ends: {} });
  recorder.bar("milliseconds", 12, 10);

  assert.equal(recorder.breaches(false).length, 5);
  assert.equal(recorder.breaches(true).length, 6);
});

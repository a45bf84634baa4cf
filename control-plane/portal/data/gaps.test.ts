import assert from "node:assert/strict";
import { test } from "node:test";
import { explainGap, gapAt, joinedGaps, mergedGaps } from "./gaps.ts";

const gap = (from: number, to: number, reason: string) => ({ from, to, records: 0, reason });
const answer = (from: number, to: number, at: readonly number[], gaps: readonly ReturnType<typeof gap>[] = []) => ({
  device: "gw1",
  resolution: "samples",
  from,
  to,
  series: [{ metric: "load", instance: "", at: [...at], value: at.map(() => 1) }],
  gaps: [...gaps],
  estimated: [],
});

test("every reason has words, and one that is not known is shown as it is", () => {
  assert.match(explainGap("spool-full"), /no room to keep them/);
  assert.equal(explainGap("sunspots"), "sunspots");
  assert.equal(explainGap("constructor"), "constructor");
});

test("an instant lies in the shortest gap around it, and not in one at whose edge it is", () => {
  const gaps = [gap(0, 100, "silence"), gap(40, 60, "damaged")];

  assert.equal(gapAt(gaps, 50)?.reason, "damaged");
  assert.equal(gapAt(gaps, 70)?.reason, "silence");
  assert.equal(gapAt(gaps, 100), undefined);
});

test("losses that follow each other are one, unless something was recorded between them or they have other reasons", () => {
  const losses = [gap(0, 10, "disk-low"), gap(12, 20, "disk-low"), gap(30, 40, "disk-low"), gap(41, 50, "damaged")];

  assert.deepEqual(joinedGaps(answer(0, 60, [25], losses)), [
    gap(0, 20, "disk-low"),
    gap(30, 40, "disk-low"),
    gap(41, 50, "damaged"),
  ]);
});

test("silence goes on in a later answer without samples, and ends with the first of them", () => {
  const before = [gap(10, 100, "silence")];

  assert.deepEqual(mergedGaps(before, answer(90, 120, []), 0), [gap(10, 120, "silence")]);
  assert.deepEqual(mergedGaps(before, answer(90, 120, [95, 105]), 0), [gap(10, 95, "silence")]);
});

test("gaps that a later answer speaks of are as it says, and those that left the window go", () => {
  const before = [gap(1, 5, "damaged"), gap(20, 95, "spool-full")];

  assert.deepEqual(mergedGaps(before, answer(90, 120, [], [gap(20, 99, "spool-full")]), 10), [
    gap(20, 99, "spool-full"),
  ]);
});

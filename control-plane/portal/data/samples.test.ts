import assert from "node:assert/strict";
import { test } from "node:test";
import { merged, withHoles, type History } from "./samples.ts";

const history = (from: number, to: number, at: readonly number[], gaps: History["gaps"] = []): History => ({
  device: "gw1",
  from,
  to,
  series: [{ metric: "cpu.busy_percent", instance: "", at: [...at], value: at.map((each) => each / 1_000) }],
  gaps,
  estimated: [],
});
const timesOf = ({ series }: History) => series.map(({ at }) => at);

test("a line is broken where much more time than usual passed, and in a known gap", () => {
  const silence = withHoles({ at: [1_000, 2_000, 3_000, 9_000], value: [1, 2, 3, 9] }, []);
  const gap = withHoles({ at: [1_000, 2_000, 3_000], value: [1, 2, 3] }, [
    { from: 2_100, to: 2_900, records: 1, reason: "cut" },
  ]);

  assert.deepEqual(silence, [
    [1, 2, 3, 3.001, 9],
    [1, 2, 3, null, 9],
  ]);
  assert.deepEqual(gap[1], [1, 2, null, 3]);
});

test("an unbroken line stays so, and none stays none", () => {
  assert.deepEqual(withHoles({ at: [1_000, 2_000], value: [0, 0] }, []), [
    [1, 2],
    [0, 0],
  ]);
  assert.deepEqual(withHoles({ at: [], value: [] }, []), [[], []]);
});

test("newer samples replace those of the same time and what has left the window goes", () => {
  const older = history(0, 4_000, [1_000, 2_000, 3_000, 4_000]);
  const newer = history(3_000, 6_000, [3_500, 5_000]);

  const both = merged(older, newer, 1_500);

  assert.deepEqual(timesOf(both), [[2_000, 3_500, 5_000]]);
  assert.deepEqual([both.from, both.to], [1_500, 6_000]);
});

test("a series that begins later is added, and one that ended stays as long as it is in the window", () => {
  const older = history(0, 4_000, [1_000]);
  const newer: History = {
    ...history(3_000, 6_000, []),
    series: [{ metric: "load.average_1m", instance: "", at: [5_000], value: [1] }],
  };

  assert.deepEqual(timesOf(merged(older, newer, 500)), [[1_000], [5_000]]);
  assert.deepEqual(timesOf(merged(older, newer, 2_000)), [[], [5_000]]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import fc from "fast-check";
import type { TelemetryReading } from "../host/host.ts";
import { baseMetric, RollUp, rollUpFunctions, type Row } from "./roll-up.ts";

const busy = (value: number, instance = ""): TelemetryReading => ({ metric: "cpu.busy_percent", instance, value });
const told = (row: Row | undefined) =>
  Object.fromEntries(
    (row?.readings ?? []).map(({ metric, instance, value }) => [`${metric} ${instance}`.trim(), value]),
  );

test("a window tells the mean under the metric's own name, and what was chosen after a colon", () => {
  const rollUp = new RollUp(["max", "min", "last", "count", "sum"]);
  for (const [i, value] of [4, 10, 1].entries()) rollUp.add({ at: i * SECOND, readings: [busy(value)] }, MINUTE);

  assert.deepEqual(told(rollUp.add({ at: MINUTE, readings: [busy(99)] }, MINUTE)), {
    "cpu.busy_percent": 5,
    "cpu.busy_percent:max": 10,
    "cpu.busy_percent:min": 1,
    "cpu.busy_percent:last": 1,
    "cpu.busy_percent:count": 3,
    "cpu.busy_percent:sum": 15,
  });
});

test("a window's row is dated by its newest sample, which is in the window", () => {
  const rollUp = new RollUp([]);
  for (const at of [5, 35, 55]) rollUp.add({ at: at * SECOND, readings: [busy(1)] }, MINUTE);

  assert.equal(rollUp.add({ at: 60 * SECOND, readings: [busy(1)] }, MINUTE)?.at, 55 * SECOND);
});

test("a series with one sample in a window says that sample and nothing more", () => {
  const rollUp = new RollUp(["min", "max"]);
  rollUp.add({ at: 0, readings: [busy(1), busy(7, "late")] }, MINUTE);
  rollUp.add({ at: SECOND, readings: [busy(3)] }, MINUTE);

  assert.deepEqual(told(rollUp.close()), {
    "cpu.busy_percent": 2,
    "cpu.busy_percent:min": 1,
    "cpu.busy_percent:max": 3,
    "cpu.busy_percent late": 7,
  });
  assert.equal(rollUp.close(), undefined);
});

test("a clock that steps back ends the window, so that no row mixes two times", () => {
  const rollUp = new RollUp([]);
  rollUp.add({ at: 10 * MINUTE, readings: [busy(1)] }, MINUTE);

  assert.equal(rollUp.add({ at: 2 * MINUTE, readings: [busy(2)] }, MINUTE)?.at, 10 * MINUTE);
  assert.equal(rollUp.close()?.at, 2 * MINUTE);
});

test("a window tells how its samples lay where that was chosen, and nothing of one sample", () => {
  const rollUp = new RollUp(["sketch"]);
  for (const value of [1, 1, 1, 100]) rollUp.add({ at: 0, readings: [busy(value)] }, MINUTE);
  rollUp.add({ at: SECOND, readings: [busy(7, "late")] }, MINUTE);

  const [four, one] = rollUp.close()?.readings ?? [];
  assert.deepEqual([four?.value, four?.sketch?.count, Math.round(four?.sketch?.quantile(0.5) ?? NaN)], [25.75, 4, 1]);
  assert.deepEqual([one?.value, one?.sketch], [7, undefined]);
});

test("windows lose nothing: sums and counts are those of the samples, and a mean is within its extremes", () => {
  const samples = fc.array(
    fc.tuple(
      fc.nat(100_000),
      fc.double({ min: -1e12, max: 1e12, noNaN: true }).map((value) => value + 0),
    ),
    {
      maxLength: 80,
    },
  );
  fc.assert(
    fc.property(samples, fc.integer({ min: 100, max: 60_000 }), (unordered, every) => {
      const rollUp = new RollUp(rollUpFunctions);
      const rows: Row[] = [];
      const ordered = unordered.toSorted(([a], [b]) => a - b);
      for (const [at, value] of ordered) {
        const row = rollUp.add({ at, readings: [busy(value)] }, every);
        if (row !== undefined) rows.push(row);
      }
      const last = rollUp.close();
      if (last !== undefined) rows.push(last);

      const of = (row: Row, name: string) =>
        told(row)[`cpu.busy_percent:${name}`] ?? told(row)["cpu.busy_percent"] ?? NaN;
      const count = rows.reduce((sum, row) => sum + (told(row)["cpu.busy_percent:count"] ?? 1), 0);
      assert.equal(count, ordered.length);
      for (const row of rows) {
        const within = ordered
          .filter(([at]) => Math.floor(at / every) === Math.floor(row.at / every))
          .map(([, value]) => value);
        const mean = told(row)["cpu.busy_percent"] ?? NaN;
        assert.deepEqual(
          [of(row, "min"), of(row, "max"), of(row, "last")],
          [Math.min(...within), Math.max(...within), within.at(-1)],
        );
        assert.equal(
          of(row, "sum"),
          within.reduce((sum, value) => sum + value, 0),
        );
        assert.ok(mean >= of(row, "min") && mean <= of(row, "max"));
      }
    }),
  );
});

test("the metric of a window's series is found again", () => {
  assert.deepEqual(["cpu.busy_percent:max", "cpu.busy_percent"].map(baseMetric), [
    "cpu.busy_percent",
    "cpu.busy_percent",
  ]);
});

test("a value that is not finite is no sample", () => {
  const rollUp = new RollUp(["count"]);
  for (const value of [NaN, 2, Infinity]) rollUp.add({ at: 0, readings: [busy(value)] }, MINUTE);

  assert.deepEqual(told(rollUp.close()), { "cpu.busy_percent": 2 });
});

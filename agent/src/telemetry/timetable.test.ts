import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextMultiple, Timetable } from "./timetable.ts";

const names = ["a", "b", "c"] as const;
const intervals = fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), fc.integer({ min: 100, max: 90_000 }))));

test("everything is due at first, and then each at whole multiples of its interval", () => {
  const table = new Timetable([
    ["fast", 10],
    ["slow", 30],
  ]);
  const first = [...table.due(7)];
  table.done(first, 7);

  const told: [number, string[]][] = [];
  for (let at = table.next; at <= 60; at = table.next) {
    const due = [...table.due(at)];
    told.push([at, due]);
    table.done(due, at);
  }

  assert.deepEqual(first, ["fast", "slow"]);
  assert.deepEqual(told, [
    [10, ["fast"]],
    [20, ["fast"]],
    [30, ["fast", "slow"]],
    [40, ["fast"]],
    [50, ["fast"]],
    [60, ["fast", "slow"]],
  ]);
});

test("what was missed is not made up for", () => {
  const table = new Timetable([["a", 10]]);
  table.done(table.due(0), 55);

  assert.equal(table.next, 60);
  assert.deepEqual([...table.due(59)], []);
});

test("whatever the clock does, nothing waits for longer than its own interval", () => {
  fc.assert(
    fc.property(intervals, fc.array(fc.integer({ min: -1e6, max: 1e6 }), { maxLength: 30 }), (entries, steps) => {
      const table = new Timetable(entries);
      const every = new Map<string, number>(entries);
      let now = 1e9;
      for (const step of steps) {
        now += step;
        table.done(table.due(now), now);
        assert.deepEqual([...table.due(now)], []);
        assert.ok(table.next > now && table.next <= now + Math.max(...every.values()));
        for (const [name, interval] of every) assert.ok(table.due(now + interval).has(name as "a"));
      }
    }),
  );
});

test("the next multiple is always later, and a multiple", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: 1, max: 1e8 }), (now, every) => {
      const next = nextMultiple(now, every);
      assert.ok(next > now && next - now <= every && next % every === 0);
    }),
  );
});

test("without anything to do there is no next time", () => {
  const table = new Timetable([]);

  assert.deepEqual([table.next, table.shortest, [...table.due(1)]], [Infinity, Infinity, []]);
});

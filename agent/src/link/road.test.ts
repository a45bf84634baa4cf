import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { limits } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { afterPassage, newRoad, roomFor, SMALLEST_WINDOW, type Road } from "./road.ts";

const KIB = 1024;
const LARGEST = limits.windowBytes;

/** A road that carries so many bytes a second, used with the largest batches it allows. */
function travelled(answered: number, bytesPerSecond: number, batches: number): Road {
  let road = newRoad(answered);
  for (let i = 0; i < batches; i++) {
    const bytes = roomFor(road, 0, false);
    road = afterPassage(road, { bytes, took: answered + (bytes / bytesPerSecond) * SECOND }, LARGEST);
  }
  return road;
}

test("the window follows the road", () => {
  const table: readonly (readonly [why: string, answered: number, bytesPerSecond: number, KiB: number])[] = [
    ["64 kbit/s", 50, 8 * KIB, 16],
    ["512 kbit/s", 50, 64 * KIB, 64],
    ["10 Mbit/s", 20, 1_250 * KIB, 256],
    ["a satellite, slow to answer and broad", 1_300, 1_250 * KIB, 256],
    ["a local network", 1, 100_000 * KIB, 256],
  ];

  for (const [why, answered, bytesPerSecond, kib] of table)
    assert.equal(travelled(answered, bytesPerSecond, 20).window, kib * KIB, why);
});

test("small batches that pass quickly do not widen the window of a slow road", () => {
  let road = newRoad(50);
  for (let i = 0; i < 100; i++) road = afterPassage(road, { bytes: 200, took: 75 }, LARGEST);

  assert.equal(road.window, SMALLEST_WINDOW);
});

test("a road that has become slow gets half of the window at each answer that took long", () => {
  const wide = { window: 256 * KIB, shortest: 20 };
  const once = afterPassage(wide, { bytes: 128 * KIB, took: 4 * SECOND }, LARGEST);
  const twice = afterPassage(once, { bytes: 64 * KIB, took: 2 * SECOND }, LARGEST);

  assert.deepEqual([once.window, twice.window], [128 * KIB, 64 * KIB]);
});

test("on a road of 64 kbit/s an answer to a command never waits longer than two seconds behind a batch", () => {
  const road = travelled(50, 8 * KIB, 50);

  assert.ok(roomFor(road, 0, false) / (8 * KIB) <= 2);
});

test("whatever happens, the window stays within its bounds and backlog leaves half of it free", () => {
  const passages = fc.array(fc.record({ bytes: fc.nat(512 * KIB), took: fc.nat(60 * SECOND) }));
  fc.assert(
    fc.property(passages, fc.nat(512 * KIB), fc.nat(LARGEST), (steps, underWay, largest) => {
      const road = steps.reduce((former, step) => afterPassage(former, step, largest), newRoad(10));

      assert.ok(road.window <= Math.max(largest, SMALLEST_WINDOW));
      assert.ok(roomFor(road, underWay, true) + underWay <= Math.max(road.window / 2, underWay));
      assert.ok(roomFor(road, underWay, false) + underWay <= Math.max(road.window, underWay));
    }),
  );
});

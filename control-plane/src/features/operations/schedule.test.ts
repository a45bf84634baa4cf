import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import type { Backup } from "./contract.ts";
import { isDue, superseded } from "./schedule.ts";

const NOW = 100 * DAY;
const aBackup = (over: Partial<Backup>): Backup => ({
  id: "b",
  version: 1,
  createdAt: 0,
  updatedAt: 0,
  state: "ready",
  origin: "schedule",
  author: "system",
  entries: 0,
  bytes: 0,
  fileBytes: 0,
  sha256: "",
  damaged: 0,
  generation: 1,
  reason: "",
  ...over,
});
const ready = (ago: number) => aBackup({ createdAt: NOW - ago, updatedAt: NOW - ago });
const failed = (ago: number) => aBackup({ state: "failed", createdAt: NOW - ago, updatedAt: NOW - ago });

const cases: readonly (readonly [string, readonly Backup[], number | undefined, number, boolean])[] = [
  ["never when it is off", [ready(9 * DAY)], undefined, DAY, false],
  ["a day after the last one", [ready(DAY)], DAY, 0, true],
  ["not before", [ready(DAY - 1)], DAY, DAY, false],
  ["not while one is made", [aBackup({ state: "making" }), ready(2 * DAY)], DAY, DAY, false],
  ["the first one not at once", [], DAY, 0, false],
  ["the first one ten minutes after the start", [], DAY, 10 * MINUTE, true],
  ["not at once again after a failure", [failed(HOUR - 1), ready(2 * DAY)], DAY, DAY, false],
  ["an hour after a failure", [failed(HOUR), ready(2 * DAY)], DAY, DAY, true],
];
for (const [what, rows, every, since, expected] of cases)
  test(`a backup is due ${what}`, () => {
    assert.equal(isDue(rows, { now: NOW, startedAt: NOW - since, every }), expected);
  });

test("the oldest that were made by themselves give way, and none that a person asked for", () => {
  const rows = [
    aBackup({ id: "5" }),
    aBackup({ id: "4", origin: "asked" }),
    aBackup({ id: "3", state: "failed" }),
    aBackup({ id: "2" }),
    aBackup({ id: "1", state: "failed" }),
    aBackup({ id: "0", origin: "found" }),
  ];

  assert.deepEqual(
    superseded(rows, 1).map(({ id }) => id),
    ["2", "1"],
  );
});

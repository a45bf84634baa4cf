import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds, seedsToRun } from "./seeds.ts";

test("whatever dies, breaks or fills up in the next thousand worlds, no record is lost and every command ends", async () => {
  const { records, commands } = await runSeeds(seedsToRun({ from: 1_000, count: 1_000 }));

  assert.ok(records > 0 && commands > 0, "the worlds had nothing to do");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { simulateFleets } from "./fleets.ts";

test("after a day of a thousand devices of which some die and some are cut off, every record and every command is accounted for", async (context) => {
  const { sums } = await simulateFleets({ devices: 1_000, hours: 24, seed: 1 });

  context.diagnostic(JSON.stringify(sums));
  assert.ok(sums.produced > 15_000 && sums.commands > 100 && sums.deaths > 50 && sums.outages > 50);
  assert.deepEqual([sums.stored + sums.explained, sums.waiting, sums.lost], [sums.produced, 0, 0]);
  assert.deepEqual([sums.ended, sums.effectsTwice], [sums.commands, 0]);
});

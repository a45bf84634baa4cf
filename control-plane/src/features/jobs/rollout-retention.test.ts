import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { planJob, rollout, rolloutPlan, rolloutTarget } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { forgetOldPlans, forgetOldRollouts } from "./rollout-retention.ts";
import { answer, roll, startFleet } from "./rollouts.test-support.ts";
import { planParts } from "./tables.ts";

test("a rollout that ended long ago and a plan that nobody carried out are forgotten with their parts, and no others", async () => {
  await using world = await startFleet(3);
  const { id } = await roll(world, { devices: ["f000", "f001"] });
  await answer(world, id);
  const { id: kept } = await roll(world, { mode: "continuous" });
  await world.call(planJob, { selector: "fleet=f", kind: "ping" });
  const clock = new ManualClock(world.clock.now() + 91 * DAY);
  const context = { store: world.store, clock, log: silentLog } as unknown as JobsContext;

  await forgetOldRollouts(context).step();
  await forgetOldPlans(context).step();

  assert.equal(await world.store.get(rollout, id), undefined);
  assert.ok(await world.store.get(rollout, kept));
  assert.equal(await world.store.count(rolloutTarget, { index: "rollout", prefix: [id] }), 0);
  assert.deepEqual([await world.store.count(rolloutPlan), await world.store.count(planParts)], [0, 0]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPlan, approveRollout, planUndo, rollBackRollout } from "./contract.ts";
import type { World } from "./jobs.test-support.ts";
import {
  alice,
  answer,
  bob,
  change,
  devicesIn,
  idOf,
  lookAt,
  roll,
  startFleet,
  steps,
  targetsIn,
} from "./rollouts.test-support.ts";

const rollback = { kind: "exec", arguments: { argv: ["true", "again"] } } as const;
const waves = [{ count: 2 }];

/** A rollout over four devices that has succeeded, two of them first. */
async function ended(world: World): Promise<string> {
  const { id } = await roll(world, { waves, rollback }, alice);
  await answer(world, id);
  await answer(world, id);
  await steps(world);
  assert.equal((await lookAt(world, id)).state, "succeeded");
  return id;
}

test("a rollout that has ended is undone by a plan that shows whom it touches, what began last first", async () => {
  await using world = await startFleet(5);
  await change(world, idOf(4), { labels: {} });
  const id = await ended(world);
  await assert.rejects(world.call(rollBackRollout, { rollout: id }, alice), /rollout planundo shows what undoes it/);

  const plan = await world.call(planUndo, { rollout: id }, alice);
  assert.deepEqual([plan.targets, plan.waves, plan.effect], [4, [2, 2], "unknown"]);
  assert.match(plan.plan, /^exec\./);
  assert.equal((await lookAt(world, id)).state, "succeeded", "a plan does nothing");
  const back = await world.call(applyPlan, { plan: plan.plan }, alice);
  await steps(world);

  const waveOf = new Map((await targetsIn(world, id)).map(({ device, wave }) => [device, wave]));
  const first = await devicesIn(world, back.id, "active");
  assert.deepEqual(
    [...new Set((await targetsIn(world, back.id)).map(({ device, wave }) => wave + (waveOf.get(device) ?? 9)))],
    [1],
  );
  assert.ok(first.some((own) => waveOf.get(own) === 1));
  assert.equal((await lookAt(world, id)).state, "rollingback");
  await answer(world, back.id);
  await answer(world, back.id);
  await steps(world);
  assert.deepEqual(
    [(await lookAt(world, back.id)).state, (await lookAt(world, id)).state],
    ["succeeded", "rolledback"],
  );
  await assert.rejects(world.call(planUndo, { rollout: id }, alice), /is rolledback: there is nothing to undo/);
});

test("undoing what has ended passes the gates of every plan: permission, a second person, and a world that has not moved", async () => {
  await using world = await startFleet(4, { approvers: { hasOther: async () => true } });
  const { id } = await roll(world, { waves, rollback }, alice);
  await world.call(approveRollout, { rollout: id }, bob);
  await steps(world);
  await answer(world, id);
  await answer(world, id);
  await steps(world);
  const poor = { ...alice, permissions: ["job:create", "command:ping"] };
  await assert.rejects(world.call(planUndo, { rollout: id }, poor), { type: "forbidden" });
  const limited = [{ permission: "command:exec", selectors: ["name=f000"] }];
  await assert.rejects(
    world.call(planUndo, { rollout: id }, { ...poor, limited }),
    /may not ask exec of 3 of its devices/,
  );

  const early = await world.call(planUndo, { rollout: id }, alice);
  await change(world, idOf(0), { speaks: "sparkplug" });
  await assert.rejects(world.call(applyPlan, { plan: early.plan }, alice), /the world moved since this plan was made/);
  const { plan, isApprovalNeeded } = await world.call(planUndo, { rollout: id }, alice);
  assert.equal(isApprovalNeeded, true);
  const other = await world.call(planUndo, { rollout: id }, alice);
  const back = await world.call(applyPlan, { plan }, alice);
  await steps(world);

  assert.equal((await lookAt(world, back.id)).state, "approving");
  await assert.rejects(world.call(applyPlan, { plan: other.plan }, alice), /rollingback/);
  await world.call(approveRollout, { rollout: back.id }, bob);
  await steps(world);
  assert.ok((await devicesIn(world, back.id, "active")).length > 0);
});

test("what could not be undone everywhere can be planned once more, and what says of nothing that undoes it cannot", async () => {
  await using world = await startFleet(4);
  const id = await ended(world);
  const { plan } = await world.call(planUndo, { rollout: id }, alice);
  const back = await world.call(applyPlan, { plan }, alice);
  await steps(world);
  const [broken = ""] = await devicesIn(world, back.id, "active");
  for (let turn = 0; turn < 2; turn++) await answer(world, back.id, (own) => (own === broken ? "failed" : "succeeded"));
  await steps(world);
  assert.equal((await lookAt(world, id)).state, "rollbackfailed");

  const again = await world.call(planUndo, { rollout: id }, alice);
  assert.equal(again.targets, 4);
  const { id: plain } = await roll(world, { devices: [idOf(1)] }, alice);
  await answer(world, plain);
  await assert.rejects(world.call(planUndo, { rollout: plain }, alice), /does not say what undoes it/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "@edgemere/protocol/kit";
import {
  applyPlan,
  approveJob,
  approveRollout,
  command,
  createJob,
  explainJob,
  findRollout,
  planJob,
} from "./jobs/contract.ts";
import * as contract from "./policies/contract.ts";
import { startWorld, type World } from "./policies.test-support.ts";

const deny = (over: object = {}) => ({
  name: "freeze",
  condition: 'input.kind == "ping"',
  selector: "site=berlin",
  admission: { actions: ["cpl/dm/job/create"], outcome: "deny" as const, reason: "frozen" },
  ...over,
});
const approving = { actions: ["cpl/dm/job/create"], outcome: "approve" as const, reason: "two eyes" };
const plan = (world: World, over: object = {}) => world.call(planJob, { selector: "site", kind: "ping", ...over });
const bob = { actor: "user:bob", account: "bob", permissions: ["*", "job:approve"] };

const commanded = async (world: World) =>
  (await world.store.list(command, { limit: 100 })).items.map(({ device }) => device);

async function roll(world: World): Promise<string> {
  const { id } = await world.call(applyPlan, { plan: (await plan(world)).plan });
  for (let look = 0; look < 3; look++) await world.advance(SECOND);
  return id;
}

test("explain names policy-refuses first, where a policy denies a device of a rollout: it is left alone, and the others begin", async () => {
  await using world = await startWorld();
  await world.call(contract.createPolicy, deny());
  const id = await roll(world);

  assert.deepEqual(await commanded(world), ["d2"]);
  assert.equal((await world.call(explainJob, { device: "d1", job: id })).reason, "policy-refuses");
  assert.deepEqual(world.watch.refused.figure().samples, []);
  await world.call(contract.disablePolicy, { policy: "freeze" });
  await world.advance(30 * SECOND);
  assert.deepEqual((await commanded(world)).toSorted(), ["d1", "d2"]);
});

test("a rollout whose selector picks what a policy denies is refused where the policy is about plans", async () => {
  await using world = await startWorld();
  const admission = { ...deny().admission, actions: ["cpl/dm/job/plan"] };
  await world.call(contract.createPolicy, deny({ admission }));

  await assert.rejects(plan(world), /"freeze" refuses cpl\/dm\/job\/plan on the device "d1"/);
  await plan(world, { selector: "site=oslo" });
});

test("a second person is asked for a rollout where a policy wants one for a device of it", async () => {
  await using world = await startWorld();
  await world.call(contract.createPolicy, deny({ admission: approving }));

  const { isApprovalNeeded } = await plan(world);
  const id = await roll(world);
  assert.deepEqual([isApprovalNeeded, (await world.call(findRollout, { rollout: id })).state], [true, "approving"]);
  assert.deepEqual(await commanded(world), []);
  await world.call(approveRollout, { rollout: id }, bob);
  for (let look = 0; look < 3; look++) await world.advance(SECOND);
  assert.deepEqual((await commanded(world)).toSorted(), ["d1", "d2"]);
});

test("explain names policy-wants-approval first, where a policy has wanted a second person since the plan: the device does not begin", async () => {
  await using world = await startWorld();
  const { plan: ready } = await plan(world);
  const { id } = await world.call(applyPlan, { plan: ready });
  await world.call(contract.createPolicy, deny({ admission: approving }));
  for (let look = 0; look < 3; look++) await world.advance(SECOND);

  assert.deepEqual(await commanded(world), ["d2"]);
  assert.equal((await world.call(explainJob, { device: "d1", job: id })).reason, "policy-wants-approval");
});

test("a job that was approved is not done where a policy denies it by then", async () => {
  await using world = await startWorld();
  const asked = { device: "d1", kind: "ping" as const, isApprovalNeeded: true };
  const { job } = await world.call(createJob, asked);
  await world.call(contract.createPolicy, deny());

  await assert.rejects(world.call(approveJob, { job: job.id }, bob), /"freeze" refuses/);
  assert.deepEqual(await commanded(world), []);
});

test("a default of plans is part of the plan that is shown", async () => {
  await using world = await startWorld();
  const admission = {
    actions: ["cpl/dm/job/plan"],
    outcome: "defaults" as const,
    reason: "slowly",
    defaults: { waves: [{ count: 1 }] },
  };
  await world.call(contract.createPolicy, deny({ condition: "true", selector: "", admission }));

  assert.deepEqual((await plan(world)).waves, [1, 1]);
  assert.deepEqual((await plan(world, { waves: [] })).waves, [2]);
});

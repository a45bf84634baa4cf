import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import * as contract from "./contract.ts";
import { policies, Watch, type PoliciesContext } from "./index.ts";

const startWorld = (): Promise<TestCore<CoreContext & PoliciesContext>> =>
  startTestCore<CoreContext & PoliciesContext>({ features: [policies], context: { watch: new Watch() } });

const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90', for: 60 };

test("a policy is saved with who wrote it, and what it said before is kept", async () => {
  await using world = await startWorld();
  const first = await world.call(contract.createPolicy, hot);
  const second = await world.call(
    contract.updatePolicy,
    { policy: "hot", condition: 'value("cpu.busy_percent") > 95', severity: "critical" },
    { actor: "user:bob" },
  );

  const { items } = await world.call(contract.listRevisions, { policy: "hot" });

  assert.deepEqual(
    [first.state, first.revision, first.author, first.owner],
    ["enabled", 1, "user:alice", "user:alice"],
  );
  assert.deepEqual([second.revision, second.author, second.owner, second.for], [2, "user:bob", "user:alice", 60]);
  assert.deepEqual(
    items.map(({ revision, author, condition, severity }) => [revision, author, condition, severity]),
    [
      [2, "user:bob", 'value("cpu.busy_percent") > 95', "critical"],
      [1, "user:alice", 'value("cpu.busy_percent") > 90', undefined],
    ],
  );
});

test("a policy with a mistake is not saved, and the mistake is told with its place", async () => {
  await using world = await startWorld();
  await world.call(contract.createPolicy, hot);

  const wrong = { name: "wrong", condition: "presence ==" };
  await assert.rejects(world.call(contract.createPolicy, wrong), /line 1, column 12/);
  await assert.rejects(world.call(contract.updatePolicy, { policy: "hot", condition: "nme == 'x'" }), /no field "nme"/);
  await assert.rejects(world.call(contract.createPolicy, { ...hot, name: "x", selector: "site=" }), /column 6/);
  const misspelt = { name: "wrong", condition: '1 < 2 && happened("alert.fired", "1h") > 1' };
  const unknownEvent = /no event is called "alert\.fired"; there are .*alert\.firing.* at line 1, column 20/;
  await assert.rejects(world.call(contract.createPolicy, misspelt), unknownEvent);
  await assert.rejects(world.call(contract.checkCondition, { condition: misspelt.condition }), unknownEvent);
  const share = { name: "wrong", per: "fleet", condition: 'share(happened("device.onlin", "1h") > 1) > 0.5' };
  await assert.rejects(world.call(contract.createPolicy, share), /no event is called "device\.onlin"/);
  const schedule = { zone: "Atlantis", days: ["mon" as const], from: "08:00", to: "18:00" };
  await assert.rejects(world.call(contract.createPolicy, { ...hot, name: "x", schedule }), /no time zone "Atlantis"/);
  await assert.rejects(world.call(contract.createPolicy, hot), /there is already a policy "hot"/);

  const { items } = await world.call(contract.listPolicies, {});
  assert.deepEqual(
    items.map(({ name, revision }) => [name, revision]),
    [["hot", 1]],
  );
});

test("what a policy may leave out is unset by an update, and what it said before is kept", async () => {
  await using world = await startWorld();
  const schedule = { zone: "UTC", days: ["mon" as const], from: "08:00", to: "18:00" };
  await world.call(contract.createPolicy, { ...hot, schedule, selector: "site=berlin", coversChildren: true });

  const after = await world.call(contract.updatePolicy, { policy: "hot", unset: ["schedule", "for"], priority: 3 });

  assert.deepEqual(
    [after.schedule, after.for, after.priority, after.selector],
    [undefined, undefined, 3, "site=berlin"],
  );
  const { items } = await world.call(contract.listRevisions, { policy: "hot" });
  assert.deepEqual(
    items.map((each) => [each.schedule, each.for]),
    [
      [undefined, undefined],
      [schedule, 60],
    ],
  );
  const both = { policy: "hot", unset: ["coversChildren" as const], coversChildren: true };
  await assert.rejects(world.call(contract.updatePolicy, both), /"coversChildren" is given and named in "unset"/);
  await assert.rejects(
    world.call(contract.updatePolicy, { policy: "hot", unset: ["condition" as "schedule"] }),
    /must be one of description, owner/,
  );
});

test("who may not have a policy asked before actions cannot unset that it is", async () => {
  await using world = await startWorld();
  const admission = { actions: ["sa/pe/alert/acknowledge"], outcome: "deny" as const, reason: "frozen" };
  await world.call(contract.createPolicy, { name: "freeze", condition: "true", admission });
  const unset = { policy: "freeze", unset: ["admission" as const] };

  const operator = { permissions: ["policy:*"] };
  await assert.rejects(world.call(contract.updatePolicy, unset, operator), /admission:write/);
  assert.equal(contract.updatePolicy.danger?.(unset as never), contract.ADMISSION);
  assert.equal((await world.call(contract.updatePolicy, unset)).admission, undefined);
});

test("a policy is disabled, enabled and forgotten with all that it said", async () => {
  await using world = await startWorld();
  await world.call(contract.createPolicy, hot);
  await world.call(contract.updatePolicy, { policy: "hot", for: 30 });

  assert.equal((await world.call(contract.disablePolicy, { policy: "hot" })).state, "disabled");
  assert.equal((await world.call(contract.enablePolicy, { policy: "hot" })).state, "enabled");
  await world.call(contract.destroyPolicy, { policy: "hot" });
  await assert.rejects(world.call(contract.findPolicy, { policy: "hot" }), /there is no policy "hot"/);

  await world.call(contract.createPolicy, hot);
  assert.equal((await world.call(contract.listRevisions, { policy: "hot" })).items.length, 1);
});

test("a condition can be checked, and its words listed, without saving anything", async () => {
  await using world = await startWorld();

  const { metrics, events } = await world.call(contract.checkCondition, {
    condition: 'mean("cpu.busy_percent", "5m") > 90 && happened("command.failed", "1h") > 2',
  });
  const { fields, functions } = await world.call(contract.listVocabulary, {});

  assert.deepEqual([metrics, events], [["cpu.busy_percent"], ["command.failed"]]);
  assert.ok(fields.some(({ name, kind }) => name === "presence" && kind === "string"));
  assert.ok(functions.some(({ name, takes }) => name === "mean" && takes.join() === "metric,span"));
  await assert.rejects(world.call(contract.checkCondition, { condition: "(" }), /line 1, column/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "@edgemere/protocol/kit";
import { updated } from "../platform/change.ts";
import { device } from "./devices/contract.ts";
import * as contract from "./policies/contract.ts";
import { evaluated } from "./policies/evaluating.ts";
import { decidedOfGroup } from "./policies/group-deciding.ts";
import type { PoliciesContext } from "./policies/index.ts";
import { became, busy, startWorld, stateOf, type World } from "./policies.test-support.ts";

const gone = { name: "gone", condition: 'presence == "offline"' };
const dark = { name: "dark", condition: 'share(presence == "offline") > 0.5', per: "site" };
const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90' };

/** What an evaluation decides that looked at a device as it is not yet stored. */
async function decided(world: World) {
  const context = world as unknown as PoliciesContext;
  const { groups } = await world.watch.policies(context);
  const known = await world.watch.known("d1", context);
  const row = await world.store.get(device, "d1");
  assert.ok(known && row);
  await world.watch.changed(known, { ...row, presence: "offline", version: row.version + 1 }, context);
  groups.take(known, world.clock.now());
  const ofGroup = await decidedOfGroup({ policy: "dark", group: "site=berlin" }, groups, context);
  return [await evaluated(known, known.policies, context), ofGroup];
}

test("what was decided by a policy that was turned off before it lands opens no alert", async () => {
  await using world = await startWorld();
  for (const each of [gone, dark]) await world.call(contract.createPolicy, each);
  await world.advance(5 * SECOND);
  const late = await decided(world);
  assert.deepEqual(
    late.map((changes) => changes.length > 1),
    [true, true],
  );

  for (const { name } of [gone, dark]) await world.call(contract.disablePolicy, { policy: name });
  await world.advance(5 * SECOND);

  for (const changes of late)
    await assert.rejects(world.store.commit(...changes), /the policy "\w+" changed meanwhile; look again/);
  await became(world, "d1", { presence: "offline" });
  assert.deepEqual([await stateOf(world, "gone", "d1"), await stateOf(world, "dark", "site=berlin")], ["none", "none"]);
});

test("a policy that is another than is known keeps nothing that devices say from landing, and is looked at as it is", async () => {
  await using world = await startWorld();
  await world.call(contract.createPolicy, hot);
  await world.advance(5 * SECOND);
  const row = await world.store.get(contract.policy, "hot");
  assert.ok(row);
  await world.store.commit(updated(contract.policy, row, { severity: "critical" }));

  await busy(world, "d1", 95);

  const { state, severity } = (await world.store.get(contract.alert, "d1/hot")) ?? {};
  assert.deepEqual([state, severity], ["firing", "critical"]);
});

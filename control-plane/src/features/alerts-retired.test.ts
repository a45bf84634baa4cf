import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { moved, updated } from "../platform/change.ts";
import type { Table } from "../platform/resource.ts";
import { device } from "./devices/contract.ts";
import * as contract from "./policies/contract.ts";
import { devicePacks, deviceWords, ownEnds } from "./policies/device-packs-tables.ts";
import { deviceSettings } from "./policies/settings-table.ts";
import { happenings } from "./policies/tables.ts";
import { busy, happened, startWorld, stateOf, type World } from "./policies.test-support.ts";

const count =
  <T extends { readonly id: string }>(of: Table<T>) =>
  async ({ store }: World) =>
    (await store.list(of)).items.length;
const tables = [count(devicePacks), count(deviceWords), count(ownEnds), count(deviceSettings), count(happenings)];
/** How many rows of each table there are. */
const rows = (world: World) => Promise.all(tables.map((each) => each(world)));

test("with a device that is retired goes all that was kept to watch it, and its alerts are over", async () => {
  await using world = await startWorld();
  const row = await world.store.get(device, "d1");
  assert.ok(row);
  await world.store.commit(updated(device, row, { agent: { ...row.agent, capabilities: ["command:policy.pack"] } }));
  const hot = { condition: 'value("cpu.busy_percent") > 90' };
  const configure = { do: "configure" as const, set: { profile: "detailed" } };
  await world.call(contract.createPolicy, { ...hot, name: "hot", runsOn: "device" });
  await world.call(contract.createPolicy, { ...hot, name: "near", effects: [configure] });
  await world.call(contract.createPolicy, { name: "flaky", condition: 'happened("device.online", "1h") > 5' });
  await world.advance(5 * SECOND);
  await happened(world, "d1", "online");
  await busy(world, "d1", 95);
  const said = { number: 1, packVersion: 1, policy: "hot", revision: 1, state: "firing", looked: [], acted: [] };
  await world.report("d1", "event", { policyReport: said });
  const phase = v1.CommandPhase.COMMAND_PHASE_SUCCEEDED;
  const report = { command: "policy-1-0", phase, reason: "", detail: "", startedAtMs: 1, finishedAtMs: 2 };
  await world.report("d1", "result", { commandReport: report });
  await world.advance(5 * SECOND);
  assert.deepEqual([await rows(world), await stateOf(world, "hot", "d1")], [[1, 1, 1, 1, 1], "firing"]);

  const before = await world.store.get(device, "d1");
  assert.ok(before);
  await world.store.commit(moved(device, before, "retire"));
  await world.advance(10 * SECOND);

  assert.deepEqual(await rows(world), [0, 0, 0, 0, 0]);
  assert.deepEqual([await stateOf(world, "hot", "d1"), await stateOf(world, "near", "d1")], ["resolved", "resolved"]);
});

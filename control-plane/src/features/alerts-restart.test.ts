import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { memoryDatabase } from "../platform/database.ts";
import * as contract from "./policies/contract.ts";
import { BEGIN, became, busy, happened, startWorld, stateOf, told } from "./policies.test-support.ts";

/** One control plane after another over the same rows. */
const aDatabase = () => ({ ...memoryDatabase(), close: async () => {} });

test("a restart raises no alert, whatever policies say of silence, and devices get their whole time to come back", async () => {
  const database = aDatabase();
  const before = await startWorld({ database });
  const condition = 'value("cpu.busy_percent") > 90';
  await before.call(contract.createPolicy, { name: "hot", condition, noData: 120 });
  await before.call(contract.createPolicy, {
    name: "warm",
    condition: 'mean("cpu.busy_percent", "5m") > 90',
    noData: 60,
  });
  await before.call(contract.createPolicy, { name: "gone", condition: 'presence == "offline"' });
  await busy(before, "d2", 10);
  await before.advance(10 * SECOND);
  await before[Symbol.asyncDispose]();

  await using after = await startWorld({ database, at: BEGIN + DAY });
  const number = after.store.lastNumber;
  await after.advance(50 * SECOND);
  await busy(after, "d1", 10);
  await after.advance(30 * SECOND);

  assert.deepEqual([await stateOf(after, "warm", "d1"), await stateOf(after, "warm", "d2")], ["none", "nodata"]);
  assert.deepEqual(await told(after, number), ["alert.create", "alert.nodata"]);
});

test("what waited when the control plane stopped goes on waiting, and fires where it is known to hold still", async () => {
  const database = aDatabase();
  const before = await startWorld({ database });
  await before.call(contract.createPolicy, { name: "hot", condition: 'value("cpu.busy_percent") > 90', for: 60 });
  await before.call(contract.createPolicy, { name: "gone", condition: 'presence == "offline"', for: 60 });
  await busy(before, "d1", 95);
  await became(before, "d2", { presence: "offline" });
  assert.equal(await stateOf(before, "gone", "d2"), "pending");
  await before[Symbol.asyncDispose]();

  await using after = await startWorld({ database, at: BEGIN + HOUR });
  await after.advance(10 * SECOND);
  assert.deepEqual([await stateOf(after, "hot", "d1"), await stateOf(after, "gone", "d2")], ["pending", "firing"]);
});

test("events that were counted before a restart count after it", async () => {
  const database = aDatabase();
  const before = await startWorld({ database });
  await before.call(contract.createPolicy, { name: "flaky", condition: 'happened("device.online", "1h") >= 3' });
  await before.advance(2 * SECOND);
  await happened(before, "d1", "online");
  await happened(before, "d1", "online");
  await before[Symbol.asyncDispose]();

  await using after = await startWorld({ database, at: BEGIN + 10 * MINUTE });
  await after.advance(2 * SECOND);
  assert.equal(await stateOf(after, "flaky", "d1"), "none");
  await happened(after, "d1", "online");
  assert.equal(await stateOf(after, "flaky", "d1"), "firing");
});

test("what a policy was changed to is looked at on all devices, also when the control plane stops meanwhile", async () => {
  const database = aDatabase();
  const before = await startWorld({ database });
  await became(before, "d1", { presence: "offline" });
  await before.call(contract.createPolicy, { name: "gone", condition: 'presence == "offline"' });
  await before[Symbol.asyncDispose]();

  await using after = await startWorld({ database, at: BEGIN + HOUR });
  await after.advance(2 * SECOND);

  assert.equal(await stateOf(after, "gone", "d1"), "firing");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import * as contract from "./policies/contract.ts";
import { steps } from "./policies/tables.ts";
import { busy, startWorld, type World } from "./policies.test-support.ts";

const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90' };
const D1 = "d1/hot";

const saved = async (world: World, given: Parameters<typeof world.call<typeof contract.createPolicy>>[1]) => {
  await world.call(contract.createPolicy, given);
  await world.advance(2 * SECOND);
};
const why = (world: World, alert = D1) => world.call(contract.explainAlert, { alert });

test("an alert's time line has each change of its state with the numbers that decided", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, for: 60, keepFiringFor: 30 });
  await busy(world, "d1", 95);
  await world.advance(61 * SECOND);
  await busy(world, "d1", 10);
  await world.advance(31 * SECOND);
  await busy(world, "d1", 99);

  const { steps: told } = await world.call(contract.listAlertSteps, { alert: D1 });

  assert.deepEqual(
    told.map(({ state, episode, looked: [seen] }) => [state, episode, seen?.value]),
    [
      ["pending", 1, 95],
      ["firing", 1, 95],
      ["recovering", 1, 10],
      ["resolved", 1, 10],
      ["pending", 2, 99],
    ],
  );
  assert.deepEqual([told[0]?.at, told[1]?.at], [world.clock.now() - 92 * SECOND, world.clock.now() - 32 * SECOND]);
});

test("of an alert that comes and goes the newest fifty changes are kept, and what goes without a word leaves none", async () => {
  await using world = await startWorld();
  await saved(world, hot);
  for (let round = 0; round < 40; round++) {
    await busy(world, "d1", 95);
    await busy(world, "d1", 5);
    await world.advance(10 * SECOND);
  }
  const { steps: told } = await world.call(contract.listAlertSteps, { alert: D1 });
  assert.deepEqual([told.length, told.at(-1)?.episode, told[0]?.episode], [50, 40, 16]);

  await saved(world, { ...hot, name: "slow", for: 60 });
  await busy(world, "d2", 95);
  await busy(world, "d2", 5);
  const left = await world.store.list(steps, { index: "alert", prefix: ["d2/slow"] });
  assert.deepEqual(left.items, []);
});

test("alerts are listed by policy and by a selector, which is told when it is none", async () => {
  await using world = await startWorld();
  await saved(world, hot);
  await saved(world, { ...hot, name: "warm", condition: 'value("cpu.busy_percent") > 50' });
  for (const id of ["d1", "d2"]) await busy(world, id, 95);
  const ids = async (asked: Parameters<typeof world.call<typeof contract.listAlerts>>[1]) =>
    (await world.call(contract.listAlerts, asked)).items.map(({ id }) => id);

  assert.deepEqual(await ids({ policy: "hot" }), ["d1/hot", "d2/hot"]);
  assert.deepEqual(await ids({ selector: "site=oslo" }), ["d2/hot", "d2/warm"]);
  assert.deepEqual(await ids({ selector: "site=oslo", policy: "warm", device: ["d1", "d2"] }), ["d2/warm"]);
  await assert.rejects(ids({ selector: 'colour == "red"' }), /colour/);
});

test("the summary counts what is open by state, severity and policy, and the coverage what is watched", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, severity: "critical" });
  await saved(world, { ...hot, name: "slow", for: 60, selector: "site=berlin" });
  await busy(world, "d1", 95);

  assert.deepEqual(await world.call(contract.summarizeAlerts, {}), {
    states: { firing: 1, pending: 1 },
    severities: { critical: 1, warning: 1 },
    policies: { hot: { firing: 1 }, slow: { pending: 1 } },
  });
  assert.deepEqual(await world.call(contract.countWatched, {}), { policies: 2, devices: 2 });
  await world.call(contract.disablePolicy, { policy: "hot" });
  assert.deepEqual(await world.call(contract.countWatched, {}), { policies: 1, devices: 1 });
});

test("explain says of a pending alert what it waits for, and until when", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, for: 60 });
  await busy(world, "d1", 95);

  const { answer, until, state } = await why(world);

  assert.deepEqual([state, until], ["pending", world.clock.now() + MINUTE]);
  assert.equal(
    answer,
    'its condition holds, and not yet for the 60 seconds after which it counts: value("cpu.busy_percent") was 95',
  );
});

test("explain says of a firing alert what it saw, then what it sees now, then who looks after it", async () => {
  await using world = await startWorld();
  await saved(world, hot);
  await busy(world, "d1", 95);
  await busy(world, "d1", 97);
  await world.call(contract.acknowledgeAlert, { alert: D1 });

  const { causes } = await why(world);

  assert.deepEqual(
    causes.map(({ text }) => text),
    [
      'it fires: its condition held when value("cpu.busy_percent") was 95',
      'the condition of "hot" holds: value("cpu.busy_percent") is 97; the alert is firing',
      "user:alice looks after it",
    ],
  );
});

test("explain says of one that recovers until when, of one that is over why, of a quiet one what makes it so", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, keepFiringFor: 30 });
  await busy(world, "d1", 95);
  await busy(world, "d1", 10);
  const recovering = await why(world);
  assert.match(recovering.answer, /not yet for the 30 seconds after which it is over/);
  assert.equal(recovering.until, world.clock.now() + 30 * SECOND);
  await world.advance(31 * SECOND);
  assert.match((await why(world)).answer, /it is over: its condition did not hold any more when .* was 10/);

  const until = world.clock.now() + HOUR;
  await world.call(contract.createSilence, { selector: "site=oslo", until, reason: "moving the rack" });
  await busy(world, "d2", 95);
  const quiet = await why(world, "d2/hot");
  assert.match(quiet.answer, /that is no surprise now: .*moving the rack/);
  assert.equal(quiet.until, until);

  await world.call(contract.disablePolicy, { policy: "hot" });
  await world.advance(5 * SECOND);
  await world.call(contract.destroyPolicy, { policy: "hot" });
  assert.match((await why(world)).answer, /its policy is there no more/);
});

test("explain says of an alert without data what is missing", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, noData: 60, freshFor: 10 });
  await busy(world, "d1", 5);
  await world.advance(2 * MINUTE);

  const { answer, state } = await why(world);

  assert.deepEqual([state, answer], ["nodata", 'there is nothing new of value("cpu.busy_percent")']);
});

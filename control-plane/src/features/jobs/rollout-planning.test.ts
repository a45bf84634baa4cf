import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR } from "@edgemere/protocol/kit";
import { aDevice } from "../device.test-support.ts";
import { device } from "../devices/contract.ts";
import { applyPlan, job, planJob } from "./contract.ts";
import { change, idOf, roll, startFleet } from "./rollouts.test-support.ts";

const permissions = ["*", "command:exec", "job:approve"];
const alice = { actor: "user:alice", account: "alice", permissions };
const bob = { actor: "user:bob", account: "bob", permissions };

test("a plan tells who is touched and how, in which waves, what is in the way, when it may begin, and which rollouts it meets", async () => {
  const each = (place: number) => ({ labels: { fleet: "f", ...(place < 3 && { timezone: "Europe/Berlin" }) } });
  await using world = await startFleet(5, { each });
  await change(world, idOf(4), { speaks: "sparkplug" });
  const { id } = await roll(world, { waves: [{ count: 1, soak: 600 }] });

  const told = await world.call(
    planJob,
    {
      selector: "fleet=f",
      kind: "service.restart",
      arguments: { name: "nginx" },
      waves: [{ percent: 20 }],
      windows: [{ days: ["sun"], at: "03:00", minutes: 120 }],
    },
    alice,
  );

  assert.deepEqual([told.targets, told.waves, told.effect, told.isApprovalNeeded], [5, [1, 4], "restart", false]);
  assert.deepEqual(
    told.never.map(({ reason, devices, examples }) => [reason, devices, examples]),
    [["takes-no-commands", 1, [idOf(4)]]],
  );
  assert.ok(told.notNow.some(({ reason }) => reason === "window-closed" || reason === "time-zone-unknown"));
  assert.deepEqual(
    told.openings.map(({ zone, devices, next }) => [zone, devices, next.length]),
    [
      ["Europe/Berlin", 3, 10],
      ["", 2, 0],
    ],
  );
  assert.deepEqual(
    told.conflicts.map(({ rollout }) => rollout),
    [id],
  );
  assert.ok(told.bytes >= 5 * 10);
});

test("a plan is refused when the world moved, and says what moved", async () => {
  await using world = await startFleet(3);
  const { plan } = await world.call(planJob, { selector: "fleet=f", kind: "ping" });
  await change(world, idOf(1), { labels: {} });
  await world.store.commit(aDevice("new", { labels: { fleet: "f" } }));
  const row = await world.store.get(device, idOf(2));
  assert.ok(row);
  await change(world, idOf(2), { agent: { ...row.agent, capabilities: ["command:exec"] } });

  await assert.rejects(world.call(applyPlan, { plan }), {
    type: "conflict",
    message:
      "the world moved since this plan was made: matches now and did not: new; matched and does not now: f001; is otherwise: f002 (kind-unsupported); make a new one",
  });
  assert.deepEqual((await world.store.list(job)).items, []);
});

test("a plan is carried out once, by whoever made it, and within an hour", async () => {
  await using world = await startFleet(1);
  const planned = async () => (await world.call(planJob, { selector: "fleet=f", kind: "ping" }, alice)).plan;
  const [once, old] = [await planned(), await planned()];

  await assert.rejects(world.call(applyPlan, { plan: once }, bob), { type: "not-found" });
  const limited = ["job:create", "command:ping"].map((permission) => ({ permission, selectors: ["site=berlin"] }));
  const lesser = { ...alice, permissions: [], limited };
  await assert.rejects(world.call(applyPlan, { plan: once }, lesser), { type: "not-found" });
  await world.call(applyPlan, { plan: once }, alice);
  await assert.rejects(world.call(applyPlan, { plan: once }, alice), { message: /carried out already/ });
  await world.advance(HOUR);
  await assert.rejects(world.call(applyPlan, { plan: old }, alice), { message: /too old/ });
});

for (const [about, wish, message] of [
  ["no devices", {}, /tell which devices/],
  [
    "a continuous one of named devices",
    { devices: ["f000"], selector: "fleet=f", mode: "continuous" },
    /selector alone/,
  ],
  ["a wave of two sizes", { selector: "fleet=f", waves: [{ count: 1, percent: 5 }] }, /wave 1 must have one of/],
  ["a time zone that is none", { selector: "fleet=f", timeZone: "Mars/Olympus" }, /no time zone "Mars\/Olympus"/],
  ["a selector that is none", { selector: "fleet=(" }, /fleet=/],
  ["a selector of a wave that is none", { selector: "fleet=f", waves: [{ selector: "((" }] }, /\(\(/],
  ["arguments that the kind does not take", { selector: "fleet=f", arguments: { speed: 9 } }, /speed/],
  ["nobody who matches", { selector: "fleet=none" }, /no device that you may ask this matches/],
] as const)
  test(`a plan with ${about} is refused, and says what was wrong`, async () => {
    await using world = await startFleet(1);

    await assert.rejects(world.call(planJob, { kind: "ping", ...structuredClone(wish) } as never), { message });
  });

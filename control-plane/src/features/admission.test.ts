import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR } from "@edgemere/protocol/kit";
import { auditTable } from "../platform/audit.ts";
import { updated } from "../platform/change.ts";
import type { InputOf } from "../platform/action.ts";
import { createJob, command } from "./jobs/contract.ts";
import * as contract from "./policies/contract.ts";
import { became, busy, startWorld, type World } from "./policies.test-support.ts";

const JOBS = "cpl/dm/job/create";
const { createPolicy, updatePolicy } = contract;
type Draft = InputOf<typeof createPolicy>;

/** A policy that is asked before jobs are made, unless told otherwise. */
const asked = (over: Partial<Draft> = {}, admission: Partial<NonNullable<Draft["admission"]>> = {}): Draft => ({
  name: "freeze",
  condition: 'input.kind == "ping"',
  ...over,
  admission: { actions: [JOBS], outcome: "deny", reason: "nothing is touched before monday", ...admission },
});
const ping = (world: World, device: string, over: object = {}, caller = {}) =>
  world.call(createJob, { device, kind: "ping", ...over }, caller);
const commandsOf = async (world: World) => (await world.store.list(command, { limit: 100 })).items;
const olga = { actor: "user:olga", permissions: ["*"] };

test("what a policy denies is not done: the refusal names it, its reason and its owner, and is audited and counted", async () => {
  await using world = await startWorld();
  await world.call(createPolicy, asked({ selector: "site=berlin" }), olga);

  await assert.rejects(ping(world, "d1"), {
    type: "forbidden",
    message:
      'the policy "freeze" refuses cpl/dm/job/create on the device "d1": nothing is touched before monday; ask its owner, user:olga',
  });
  await ping(world, "d2");

  const [made, ...more] = await commandsOf(world);
  assert.deepEqual([made?.device, more.length], ["d2", 0]);
  const entries = (await world.store.list(auditTable, { limit: 100 })).items.filter(({ action }) => action === JOBS);
  assert.deepEqual(
    entries.map(({ decision }) => decision),
    ["denied", "allowed"],
  );
  assert.deepEqual(world.watch.refused.figure().samples, [
    { suffix: "_total", labels: { reason: "denied" }, value: 1 },
  ]);
});

test("a denial holds on while it is enabled, and for who may do everything too", async () => {
  await using world = await startWorld();
  await world.call(createPolicy, asked());
  await assert.rejects(ping(world, "d1"), /refuses/);

  await world.call(contract.disablePolicy, { policy: "freeze" });
  await ping(world, "d1");
  await world.call(contract.enablePolicy, { policy: "freeze" });
  await assert.rejects(ping(world, "d1"), /refuses/);
  await world.call(contract.destroyPolicy, { policy: "freeze" });
  await ping(world, "d1");
});

test("where one policy allows, what it is about is done only where its condition holds", async () => {
  await using world = await startWorld();
  const small = { condition: "input.runTimeout <= 60.0", name: "small" };
  await world.call(createPolicy, asked(small, { outcome: "allow", reason: "only what is quick" }));

  await ping(world, "d1", { runTimeout: 30 });
  await assert.rejects(ping(world, "d1", { runTimeout: 61 }), /"small" allows .* only where its condition holds/);
});

test("what cannot be evaluated refuses and says why", async () => {
  await using world = await startWorld();
  await world.call(createPolicy, asked({ condition: 'labels["owner"] == "x"' }));

  await assert.rejects(ping(world, "d1"), /on the device "d1" and could not be evaluated, so it refuses: No such key/);
  await became(world, "d1", { labels: { owner: "y" } });
  await ping(world, "d1");
});

test("a policy that an older version took and this one cannot read refuses, and can be mended", async () => {
  await using world = await startWorld();
  await world.call(createPolicy, asked());
  const row = await world.store.get(contract.policy, "freeze");
  assert.ok(row);
  await world.store.commit(updated(contract.policy, row, { condition: "nonsense(" }));
  world.watch.forget();

  await assert.rejects(ping(world, "d1"), /could not be evaluated/);
  await world.call(updatePolicy, { policy: "freeze", condition: "false" });
  await ping(world, "d1");
});

test("nobody can be locked out: no policy is asked before policies are changed", async () => {
  await using world = await startWorld();
  await world.call(createPolicy, asked({ condition: "true" }, { actions: ["*"] }));

  await assert.rejects(ping(world, "d1"), /refuses/);
  await assert.rejects(world.ask("cpl/dm/job/list"), /refuses/);
  await world.call(contract.listPolicies, {});
  await world.call(contract.destroyPolicy, { policy: "freeze" });
  await ping(world, "d1");
});

test("only who may decide about what others do writes, changes, disables or forgets a policy that is asked", async () => {
  await using world = await startWorld();
  const operator = { actor: "user:oskar", permissions: ["policy:*", "job:*", "command:*"] };
  await assert.rejects(world.call(createPolicy, asked(), operator), /admission:write/);
  await world.call(createPolicy, asked());

  for (const attempt of [
    world.call(updatePolicy, { policy: "freeze", condition: "false" }, operator),
    world.call(contract.disablePolicy, { policy: "freeze" }, operator),
    world.call(contract.destroyPolicy, { policy: "freeze" }, operator),
  ])
    await assert.rejects(attempt, /admission:write/);
  await assert.rejects(ping(world, "d1", {}, operator), /refuses/);
});

test("a second person is asked where a policy wants one, for what is harmless too", async () => {
  await using world = await startWorld();
  await world.call(createPolicy, asked({ selector: "site=berlin" }, { outcome: "approve", reason: "two eyes" }));

  assert.equal((await ping(world, "d1")).job.state, "awaitingapproval");
  assert.equal((await ping(world, "d2")).job.state, "running");
});

test("defaults hold where the caller says nothing, and those of the higher policy before others", async () => {
  await using world = await startWorld();
  const defaults = (name: string, priority: number, values: object) =>
    world.call(
      createPolicy,
      asked({ name, priority, condition: "true" }, { outcome: "defaults", defaults: { ...values } }),
    );
  await defaults("low", 1, { runTimeout: 10, queueTimeout: 20 });
  await defaults("high", 2, { runTimeout: 30 });

  const told = await ping(world, "d1", { queueTimeout: 60 });
  const silent = await ping(world, "d1");

  assert.equal(told.job.runTimeout, 30_000);
  assert.equal(told.job.expiresAt - told.job.createdAt, 60_000);
  assert.equal(silent.job.expiresAt - silent.job.createdAt, 20_000);
});

test("a policy counts in its hours only, by the clock of the device where it says so", async () => {
  await using world = await startWorld();
  const hours = { days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const, from: "08:00", to: "18:00" };
  const schedule = { ...hours, days: [...hours.days], zone: "device" };
  await world.call(createPolicy, asked({ schedule }));
  // It is midnight in UTC: 13:00 in Auckland.
  await became(world, "d1", { labels: { timezone: "Pacific/Auckland" } });
  await became(world, "d2", { labels: { timezone: "UTC" } });

  await assert.rejects(ping(world, "d1"), /refuses/);
  await ping(world, "d2");
  await became(world, "d2", { labels: {} });
  await assert.rejects(ping(world, "d2"), /nobody knows its time zone/);
  await became(world, "d2", { labels: { timezone: "UTC" } });
  await world.advance(9 * HOUR);
  await assert.rejects(ping(world, "d2"), /refuses/);
});

test("what a policy wants passes the same gate", async () => {
  await using world = await startWorld();
  await world.call(createPolicy, asked({ condition: 'actor.startsWith("policy:")' }));
  await world.call(createPolicy, {
    name: "hot",
    condition: 'value("cpu.busy_percent") > 90',
    effects: [{ do: "command", kind: "ping" }],
  });

  await busy(world, "d1", 95);
  await world.advance(2_000);

  const found = await world.call(contract.findAlert, { alert: "d1/hot" });
  assert.match(found.done?.[0]?.problem ?? "", /the policy "freeze" refuses/);
  assert.deepEqual(await commandsOf(world), []);
});

test("a mistake is told with its place when a policy is saved, and nothing is saved", async () => {
  await using world = await startWorld();
  const wrong = async (draft: Draft, message: RegExp) => assert.rejects(world.call(createPolicy, draft), message);

  await wrong(asked({ condition: "actr == 1" }), /no field "actr".* line 1, column 1/);
  await wrong(asked({ condition: 'value("cpu.busy_percent") > 1.0' }), /value\(\) is not available here/);
  await wrong(asked({}, { actions: ["cpl/dm/job/creat"] }), /there is no action "cpl\/dm\/job\/creat"/);
  await wrong(asked({}, { actions: ["sa/pe/policy/*"] }), /that policies are asked about/);
  await wrong(asked({ severity: "critical" }), /severity is for policies that are watched/);
  await wrong(asked({}, { actions: ["cpl/dm/job/*"], outcome: "approve" }), /cannot wait for a second person/);
  await wrong(asked({}, { outcome: "defaults" }), /the outcome defaults has them/);
  await wrong(asked({}, { outcome: "defaults", defaults: { device: "d1" } }), /cannot say what "device" is by default/);
  await wrong(asked({}, { outcome: "defaults", defaults: { runTimeout: -1 } }), /"runTimeout" cannot be that/);
  assert.deepEqual((await world.call(contract.listPolicies, {})).items, []);
});

test("what policies say can be asked without doing it", async () => {
  await using world = await startWorld();
  await world.call(createPolicy, asked({ selector: "site=berlin" }));
  const decide = (device: string) =>
    world.call(contract.decideAdmission, { action: JOBS, input: { device, kind: "ping" } });

  const [one, other] = [await decide("d1"), await decide("d2")];

  assert.deepEqual([one.isAdmitted, other.isAdmitted, other.answer], [false, true, "it may be done"]);
  assert.deepEqual(
    one.policies.map(({ policy, verdict, device }) => [policy, verdict, device]),
    [["freeze", "met", "d1"]],
  );
  assert.deepEqual(await commandsOf(world), []);
});

test("an answer that was given is given again, though a policy denies it by now", async () => {
  await using world = await startWorld();
  const first = await ping(world, "d1", {}, { idempotencyKey: "k1" });
  await world.call(createPolicy, asked());

  const again = await ping(world, "d1", {}, { idempotencyKey: "k1" });

  assert.equal(again.job.id, first.job.id);
  await assert.rejects(ping(world, "d1", {}, { idempotencyKey: "k2" }), /refuses/);
});

test("where a policy is at odds with another is told when it is saved, when it is asked for and in explain", async () => {
  await using world = await startWorld();
  const stuck = {
    condition: 'value("cpu.busy_percent") > 90',
    effects: [{ do: "command" as const, kind: "ping" as const }],
  };
  await world.call(createPolicy, asked({ selector: "site=berlin" }));
  const allowing = asked({ name: "pings" }, { outcome: "allow", reason: "pings are fine" });
  const { conflicts: saved } = await world.call(createPolicy, { ...allowing, selector: "site" });
  await world.call(createPolicy, {
    name: "logs",
    ...stuck,
    effects: [{ do: "command", kind: "log.collect", arguments: { journal: true } }],
  });
  await world.call(createPolicy, {
    name: "more",
    ...stuck,
    effects: [{ do: "command", kind: "log.collect", arguments: { units: ["nginx"] } }],
  });

  const { conflicts } = await world.call(contract.listConflicts, {});
  const { conflicts: explained } = await world.call(contract.explainPolicy, { policy: "more", device: "d1" });

  assert.deepEqual(
    saved.map(({ kind, policies, devices, examples }) => [kind, policies, devices, examples]),
    [["allow-and-deny", ["freeze", "pings"], 1, ["d1"]]],
  );
  assert.deepEqual(conflicts.map(({ kind, about, devices }) => `${kind} ${about} ${devices}`).toSorted(), [
    `allow-and-deny ${JOBS} 1`,
    "commands log.collect 2",
  ]);
  assert.match(explained?.[0] ?? "", /both have log.collect done/);
  await world.call(contract.disablePolicy, { policy: "pings" });
  assert.deepEqual((await world.call(contract.listConflicts, { policy: "freeze" })).conflicts, []);
});

test("explain tells where a policy is at odds on the device that was asked about, and not elsewhere", async () => {
  await using world = await startWorld();
  const collecting = (units: readonly string[]) => ({
    condition: 'value("cpu.busy_percent") > 90',
    effects: [{ do: "command" as const, kind: "log.collect" as const, arguments: { units } }],
  });
  await world.call(createPolicy, { name: "everywhere", ...collecting(["nginx"]) });
  await world.call(createPolicy, { name: "berlin", selector: "site=berlin", ...collecting(["postgres"]) });

  const told = async (device: string) =>
    (await world.call(contract.explainPolicy, { policy: "everywhere", device })).conflicts?.length ?? 0;

  assert.deepEqual([await told("d1"), await told("d2")], [1, 0]);
});

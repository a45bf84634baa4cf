import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { created, updated } from "../platform/change.ts";
import { device } from "./devices/contract.ts";
import { user } from "./identity/contract.ts";
import { command } from "./jobs/contract.ts";
import * as contract from "./policies/contract.ts";
import { busy, startWorld, stateOf, told, type World } from "./policies.test-support.ts";

const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90', runsOn: "device" as const };

/** A device whose agent can watch policies by itself. */
async function capable(world: World, id: string): Promise<void> {
  const row = await world.store.get(device, id);
  assert.ok(row);
  const agent = { ...row.agent, capabilities: [...row.agent.capabilities, "command:policy.pack"] };
  await world.store.commit(updated(device, row, { agent }));
  await world.advance(2 * SECOND);
}

/** The packs that a device was sent, oldest first. */
const packs = async (world: World, id: string) =>
  (await world.store.list(command, { index: "device", prefix: [id] })).items
    .filter(({ kind }) => kind === "policy.pack")
    .map(
      (row) => row.arguments as { version: number; policies: { name: string; revision: number; effects: object[] }[] },
    );

let number = 0;
/** What a device says by itself, at an instant of its clock. */
const says = (
  world: World,
  id: string,
  state: string,
  over: { at?: number; acted?: object[]; number?: number } = {},
) => {
  const looked = [{ what: 'value("cpu.busy_percent")', value: 97 }];
  const said = { number: over.number ?? ++number, packVersion: 1, policy: "hot", revision: 1, state, looked };
  const record = { atMs: over.at ?? world.clock.now(), policyReport: { ...said, acted: over.acted ?? [] } };
  return world.report(id, "event", record);
};

const row = (world: World) => world.store.get(contract.alert, contract.alertId("hot", "d1"));

test("what devices cannot watch by themselves is told when it is saved, and refused where they are to", async () => {
  await using world = await startWorld();

  const presence = { name: "gone", condition: 'presence == "offline"', noData: 60 };
  const saved = await world.call(contract.createPolicy, presence);
  const able = await world.call(contract.createPolicy, { ...hot, name: "able", runsOn: "centre" });
  const checked = await world.call(contract.checkCondition, { condition: 'happened("command.failed", "1h") > 2' });

  assert.match((saved.deviceObstacles ?? []).join("\n"), /not presence\nnoData: /);
  assert.deepEqual([able.deviceObstacles, checked.deviceObstacles.length], [[], 1]);
  await assert.rejects(
    world.call(contract.createPolicy, { ...presence, name: "x", runsOn: "device" }),
    /devices cannot watch this by themselves: condition: .*presence/,
  );
  const reboots = { ...hot, name: "x", effects: [{ do: "command" as const, kind: "reboot" as const }] };
  await assert.rejects(world.call(contract.createPolicy, reboots), /asks itself for .* only, not for reboot/);
});

test("a policy that is asked before an action is not one that devices watch by themselves", async () => {
  await using world = await startWorld();

  const asked = { condition: 'input.kind == "reboot"', isAsked: true };

  assert.match((await world.call(contract.checkCondition, asked)).deviceObstacles.join(), /^admission: /);
  const admission = { actions: ["cpl/dm/job/create"], outcome: "deny" as const, reason: "frozen" };
  const freeze = { name: "freeze", condition: asked.condition, admission };
  await assert.rejects(
    world.call(contract.createPolicy, { ...freeze, runsOn: "device" }),
    /cannot watch this by themselves: admission: /,
  );
  await world.call(contract.createPolicy, freeze);
  const { isWatched, deviceObstacles } = await world.call(contract.explainPolicy, { policy: "freeze", device: "d1" });
  assert.deepEqual([isWatched, deviceObstacles.length], [false, 1]);
});

test("a device does by itself what the author of its policy may do, and is sent the policy without that when the author may no more", async () => {
  const known = { isActive: true, roles: ["operator"], permissions: ["job:create", "command:inventory.refresh"] };
  await using world = await startWorld({ accountOf: async () => known });
  await capable(world, "d1");
  const effects = [{ do: "command" as const, kind: "inventory.refresh" as const }];
  await world.store.commit(created(user, "olga", { name: "olga", roles: ["operator"], passwordHash: "" }));
  await world.call(contract.createPolicy, { ...hot, effects }, { actor: "user:olga", account: "olga" });
  await world.advance(5 * SECOND);

  known.permissions = [];
  const account = await world.store.get(user, "olga");
  assert.ok(account);
  await world.store.commit(updated(user, account, { roles: [] }));
  await world.advance(5 * SECOND);

  const sent = await packs(world, "d1");
  assert.deepEqual(
    sent.map(({ policies }) => policies.map((each) => each.effects.length)),
    [[1], [0]],
  );
});

test("a device is not sent to do by itself what a policy would refuse here, at whatever hour, and is when that is over", async () => {
  await using world = await startWorld();
  await capable(world, "d1");
  const effects = [
    { do: "command" as const, kind: "inventory.refresh" as const },
    { do: "command" as const, kind: "service.status" as const, arguments: { name: "worker" } },
  ];
  await world.call(contract.createPolicy, { ...hot, effects });
  await world.advance(5 * SECOND);
  const admission = { actions: ["cpl/dm/job/create"], outcome: "deny" as const, reason: "quiet hours" };
  const condition = 'input.kind == "inventory.refresh" && actor.startsWith("policy:")';
  const schedule = { zone: "UTC", days: ["mon" as const], from: "03:00", to: "03:01" };
  await world.call(contract.createPolicy, { name: "freeze", condition, schedule, admission });
  await world.advance(5 * SECOND);

  const { answer, withheld } = await world.call(contract.explainPolicy, { policy: "hot", device: "d1" });
  assert.equal(withheld?.length, 1);
  assert.match(withheld[0] ?? "", /does not do inventory.refresh by itself: the policy "freeze" refuses .*quiet hours/);
  assert.ok(answer.includes(withheld[0] ?? "-"));
  await world.call(contract.updatePolicy, { policy: "freeze", admission: { ...admission, outcome: "approve" } });
  await world.advance(5 * SECOND);
  await world.call(contract.disablePolicy, { policy: "freeze" });
  await world.advance(5 * SECOND);

  assert.deepEqual(
    (await packs(world, "d1")).map(({ version, policies }) => [version, policies.map((each) => each.effects.length)]),
    [
      [1, [2]],
      [2, [1]],
      [3, [2]],
    ],
  );
});

test("a device that can is sent what it is to watch, once for each change, and nothing that it does not need", async () => {
  await using world = await startWorld();
  await capable(world, "d1");
  await world.call(contract.createPolicy, hot);
  await world.call(contract.createPolicy, { name: "cold", condition: 'value("cpu.busy_percent") < 1' });
  await world.advance(5 * SECOND);

  assert.deepEqual(
    (await packs(world, "d1")).map(({ version, policies }) => [version, policies.map(({ name }) => name)]),
    [[1, ["hot"]]],
  );
  assert.deepEqual(await packs(world, "d2"), []);

  await world.call(contract.updatePolicy, { policy: "hot", for: 30 });
  await world.advance(5 * SECOND);
  await world.call(contract.disablePolicy, { policy: "hot" });
  await world.advance(5 * SECOND);
  assert.deepEqual(
    (await packs(world, "d1")).map(({ version, policies }) => [version, policies.map(({ revision }) => revision)]),
    [
      [1, [1]],
      [2, [2]],
      [3, []],
    ],
  );
});

test("where the device decides its word counts, and what the centre sees of it makes no second alert", async () => {
  await using world = await startWorld();
  await capable(world, "d1");
  await world.call(contract.createPolicy, hot);
  await world.advance(5 * SECOND);

  await busy(world, "d1", 99);
  await busy(world, "d2", 99);
  assert.deepEqual([await stateOf(world, "hot", "d1"), await stateOf(world, "hot", "d2")], ["none", "firing"]);
  await says(world, "d1", "firing", { acted: [{ kind: "inventory.refresh", command: "policy-1-0" }] });
  await busy(world, "d1", 1);

  const alert = await row(world);
  assert.deepEqual([alert?.state, alert?.decidedOn, alert?.heardAt], ["firing", "device", world.clock.now()]);
  assert.deepEqual(alert?.done, [{ what: "inventory.refresh", at: world.clock.now(), made: "policy-1-0" }]);
  const { answer, decidedOn } = await world.call(contract.explainPolicy, { policy: "hot", device: "d1" });
  assert.equal(decidedOn, "device");
  assert.match(answer, /decided on the device, last heard 0 s ago/);
});

test("words that come late become the past of the alert by the device's time, and words that come twice are one", async () => {
  await using world = await startWorld();
  await capable(world, "d1");
  await world.call(contract.createPolicy, hot);
  await world.advance(HOUR);
  const before = world.store.lastNumber;
  const fired = world.clock.now() - 30 * MINUTE;
  const ended = world.clock.now() - 10 * MINUTE;

  const first = ++number;
  await says(world, "d1", "firing", { at: fired, number: first });
  await says(world, "d1", "resolved", { at: ended });
  await says(world, "d1", "firing", { at: fired, number: first });

  const alert = await row(world);
  assert.deepEqual([alert?.state, alert?.firedAt, alert?.endedAt, alert?.episode], ["resolved", fired, ended, 1]);
  assert.deepEqual(await told(world, before), ["alert.create", "alert.firing", "alert.resolved"]);
  const { steps } = await world.call(contract.listAlertSteps, { alert: "d1/hot" });
  assert.deepEqual(
    steps.map(({ at, state, looked }) => [at, state, looked[0]?.value]),
    [
      [fired, "firing", 97],
      [ended, "resolved", 97],
    ],
  );
});

test("a word of something that holds no longer and was never told as firing leaves no alert", async () => {
  await using world = await startWorld();
  await capable(world, "d1");
  await world.call(contract.createPolicy, { ...hot, for: 60 });
  await world.advance(5 * SECOND);

  await says(world, "d1", "pending");
  assert.equal(await stateOf(world, "hot", "d1"), "pending");
  await says(world, "d1", "resolved");
  assert.equal(await stateOf(world, "hot", "d1"), "none");
});

test("an alert that the device decides is held back while that is no surprise, and comes back by itself", async () => {
  await using world = await startWorld();
  await capable(world, "d1");
  await world.call(contract.createPolicy, hot);
  await world.advance(5 * SECOND);
  await says(world, "d1", "firing");

  const until = world.clock.now() + 10 * MINUTE;
  await world.call(contract.createSilence, { until, reason: "works" });
  await world.advance(3 * SECOND);
  assert.equal(await stateOf(world, "hot", "d1"), "maintenance");
  await world.advance(11 * MINUTE);
  assert.equal(await stateOf(world, "hot", "d1"), "firing");
});

test("what a device did by itself is told with how it ended, whichever word comes first", async () => {
  await using world = await startWorld();
  await capable(world, "d1");
  await world.call(contract.createPolicy, hot);
  await world.advance(5 * SECOND);
  const ends = (id: string, phase: v1.CommandPhase, reason = "") => {
    const report = { command: id, phase, reason, detail: "", startedAtMs: 1, finishedAtMs: world.clock.now() };
    return world.report("d1", "result", { commandReport: report });
  };
  const done = async () => (await row(world))?.done?.map(({ made, ended, problem }) => [made, ended, problem]);

  await ends("policy-7-0", v1.CommandPhase.COMMAND_PHASE_SUCCEEDED);
  await ends("policy-8-0", v1.CommandPhase.COMMAND_PHASE_SUCCEEDED);
  const acted = ["policy-7-0", "policy-7-1"].map((command) => ({ kind: "inventory.refresh", command }));
  await says(world, "d1", "firing", { acted });
  assert.deepEqual(await done(), [
    ["policy-7-0", "succeeded", undefined],
    ["policy-7-1", undefined, undefined],
  ]);
  await ends("policy-7-1", v1.CommandPhase.COMMAND_PHASE_FAILED, "not-found");
  assert.deepEqual((await done())?.[1], ["policy-7-1", "failed", "not-found"]);
});

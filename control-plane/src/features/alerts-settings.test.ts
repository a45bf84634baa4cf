import assert from "node:assert/strict";
import { test } from "node:test";
import { commandLife } from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { updated } from "../platform/change.ts";
import { memoryDatabase } from "../platform/database.ts";
import { aReport } from "./jobs/jobs.test-support.ts";
import { command, createJob, type Command } from "./jobs/contract.ts";
import * as contract from "./policies/contract.ts";
import { busy, startWorld, type World } from "./policies.test-support.ts";

const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90', selector: "site=berlin" };
const detailed = { do: "configure" as const, set: { profile: "detailed", every: ["cpu=1s"] } };

/** The commands that set options of the first device, oldest first. */
const asked = async (world: World): Promise<readonly Command[]> =>
  (await world.store.list(command, { index: "device", prefix: ["d1"] })).items.filter(
    ({ kind }) => kind === "configure",
  );
const said = async (world: World) =>
  (await asked(world)).map(({ author, arguments: { confirmWithin: _, ...given } }) => [
    author.replace("policy:", ""),
    given,
  ]);

/** The device does what it was asked for, in its order, and tells of all that is set from far away. */
async function obeys(world: World, how: "succeeded" | "rejected" = "succeeded"): Promise<void> {
  await world.hello("d1");
  for (const row of (await asked(world)).filter(({ state }) => !commandLife.isFinal(state))) {
    const { set = {}, reset = [] } = row.arguments as { set?: Record<string, string | string[]>; reset?: string[] };
    const held = heldBy(await asked(world));
    for (const each of reset) held.delete(each);
    for (const [name, value] of Object.entries(set)) held.set(name, [value].flat());
    const settings = [...held].map(([name, values]) => ({ name, values }));
    const word = how === "succeeded" ? { configure: { settings, hasChanged: true } } : { reason: "forbidden-here" };
    await world.report("d1", "result", aReport(row, how, word));
  }
  await world.advance(3 * SECOND);
}

/** What is set from far away, by what the device told last. */
const heldBy = (commands: readonly Command[]): Map<string, string[]> => {
  const told = commands.findLast(({ state }) => state === "succeeded")?.result;
  const { settings = [] } = (told ?? {}) as { settings?: { name: string; values: string[] }[] };
  return new Map(settings.map(({ name, values }) => [name, values]));
};

const save = async (world: World, over: Partial<Parameters<typeof create>[1]> = {}) => {
  await create(world, over);
  await world.advance(2 * SECOND);
};
const create = (world: World, over: { name?: string; priority?: number; condition?: string; set?: object }) => {
  const { set = detailed.set, ...rest } = over;
  return world.call(contract.createPolicy, {
    ...hot,
    ...rest,
    effects: [{ do: "configure", set: set as typeof detailed.set }],
  });
};
/** A value of the processor, and what follows from it. */
async function measured(world: World, value: number): Promise<void> {
  await busy(world, "d1", value);
  await world.advance(3 * SECOND);
}
const explained = async (world: World, policy = "hot") =>
  (await world.call(contract.explainPolicy, { policy, device: "d1" })).settings ?? [];

test("while an alert lasts its device is set as the policy says, and then as people want it", async () => {
  await using world = await startWorld();
  await world.call(createJob, { device: "d1", kind: "configure", arguments: { set: { profile: "frugal" } } });
  await obeys(world);
  await save(world);
  // Whoever sets something works on the device, and that holds its alerts back for a while.
  await world.advance(6 * MINUTE);

  await measured(world, 95);
  await obeys(world);
  await measured(world, 96);
  const told = await explained(world);
  assert.match(told[0] ?? "", /^every is to be cpu=1s while it fires: done by job /);
  assert.match(told[1] ?? "", /^profile is to be detailed while it fires: done by job /);
  await measured(world, 1);
  assert.match((await explained(world))[1] ?? "", /^profile is put back to frugal: job \w+ has not ended yet$/);
  await obeys(world);

  assert.deepEqual(await said(world), [
    ["user:alice", { set: { profile: "frugal" } }],
    ["hot", { set: { every: ["cpu=1s"], profile: ["detailed"] } }],
    ["hot", { set: { profile: ["frugal"] }, reset: ["every"] }],
  ]);
  assert.deepEqual(await explained(world), []);
});

test("what people want meanwhile holds when the alert is over, and not before", async () => {
  await using world = await startWorld();
  await save(world, { set: { profile: "detailed" } });
  await measured(world, 95);
  await obeys(world);

  await world.call(createJob, { device: "d1", kind: "configure", arguments: { set: { profile: "normal" } } });
  await world.advance(3 * SECOND);
  await obeys(world);
  await measured(world, 1);
  await obeys(world);

  assert.deepEqual(
    (await asked(world)).map(({ arguments: { set } }) => [(set as { profile: string | string[] }).profile].flat()[0]),
    ["detailed", "normal", "detailed", "normal"],
  );
});

for (const [how, doIt] of [
  ["disabled", (world: World) => world.call(contract.disablePolicy, { policy: "hot" })],
  ["removed", (world: World) => world.call(contract.destroyPolicy, { policy: "hot" })],
  [
    "changed so that it wants nothing",
    (world: World) => world.call(contract.updatePolicy, { policy: "hot", effects: [] }),
  ],
] as const)
  test(`a device is put back when the policy is ${how} while its alert lasts, also when it was away`, async () => {
    await using world = await startWorld();
    await save(world, { set: { profile: "detailed" } });
    await measured(world, 95);

    await doIt(world);
    await world.advance(5 * SECOND);
    await obeys(world);

    assert.deepEqual(await said(world), [
      ["hot", { set: { profile: ["detailed"] } }],
      ["hot", { reset: ["profile"] }],
    ]);
    await world.advance(10 * MINUTE);
    assert.equal((await asked(world)).length, 2, "that is all");
  });

test("of two alerts of a device the higher priority holds, the other one's value afterwards, and that they are at odds is told", async () => {
  await using world = await startWorld();
  await save(world, { set: { profile: "detailed", sample: "1s" } });
  const other = { name: "warm", condition: 'value("cpu.busy_percent") > 50', priority: 5, set: { profile: "normal" } };
  const { conflicts } = await create(world, other);
  await world.advance(2 * SECOND);

  assert.deepEqual(
    conflicts.map(({ kind, policies, about, devices }) => [kind, policies, about, devices]),
    [["settings", ["warm", "hot"], "profile", 1]],
  );
  await measured(world, 95);
  await obeys(world);
  assert.ok((await explained(world)).includes('profile is normal, as "warm" says, which comes before it'));
  await world.call(contract.disablePolicy, { policy: "warm" });
  await world.advance(5 * SECOND);
  await obeys(world);
  await measured(world, 1);
  await obeys(world);

  const last = (await said(world)).slice(-2);
  assert.deepEqual(last, [
    ["hot", { set: { profile: ["detailed"] } }],
    ["hot", { reset: ["profile", "sample"] }],
  ]);
});

test("a control plane that died while an alert lasted puts its device back afterwards, once", async () => {
  const database = { ...memoryDatabase(), close: async () => {} };
  const before = await startWorld({ database });
  await save(before, { set: { profile: "detailed" } });
  await measured(before, 95);
  await obeys(before);
  await busy(before, "d1", 1);
  assert.equal((await asked(before)).length, 1, "it died before it asked");
  await before[Symbol.asyncDispose]();

  await using world = await startWorld({ database, at: before.clock.now() + MINUTE });
  await world.advance(10 * MINUTE);

  assert.deepEqual((await said(world)).slice(1), [["hot", { reset: ["profile"] }]]);
});

test("what a device did not get in time is asked for again, and what it refuses is told", async () => {
  await using world = await startWorld();
  await save(world, { set: { profile: "detailed" } });
  await measured(world, 95);
  const [first] = await asked(world);
  assert.ok(first);
  await world.store.commit(updated(command, first, { expiresAt: world.clock.now() }));
  await world.advance(10 * MINUTE);
  assert.deepEqual(
    (await asked(world)).map(({ state }) => state),
    ["expired", "queued"],
  );

  await obeys(world, "rejected");

  assert.match((await explained(world))[0] ?? "", /the device did not take it: forbidden-here$/);
  await world.advance(20 * MINUTE);
  assert.equal((await asked(world)).length, 2);
});

test("who writes a policy that sets options must be allowed to, and a setting of no name is refused", async () => {
  await using world = await startWorld();
  const writer = { permissions: ["policy:write", "policy:read", "job:create"] };
  const effects = [detailed];

  await assert.rejects(world.call(contract.createPolicy, { ...hot, effects }, writer), /permission command:configure/);
  await assert.rejects(world.call(contract.createPolicy, { ...hot, effects: [{ do: "configure", set: {} }] }));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { commandKinds, type CommandKind } from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { created, moved } from "../platform/change.ts";
import { command, type Command } from "./jobs/contract.ts";
import * as contract from "./policies/contract.ts";
import { measured, startWorld, stateOf, type World } from "./policies.test-support.ts";

const policies = [
  { name: "cpu", condition: 'value("cpu.busy_percent") > 90' },
  { name: "full", condition: 'value("filesystem.used_percent") > 90' },
  { name: "link", condition: 'value("network.sent_bytes_per_second") > 90 && presence != "silent"' },
  { name: "both", condition: 'value("network.sent_bytes_per_second") > 90 || value("cpu.busy_percent") > 90' },
];
const values = { "cpu.busy_percent": 95, "filesystem.used_percent": 95, "network.sent_bytes_per_second": 95 };

const everything = ["cpu", "full", "link", "both"];
/** Every kind has to stand here, or this does not compile: whose alerts are no surprise while it runs. */
const held: Readonly<Record<CommandKind, readonly string[]>> = {
  ping: [],
  exec: everything,
  script: everything,
  "inventory.refresh": [],
  "log.collect": ["link"],
  "file.put": everything,
  "file.get": ["link"],
  "file.list": [],
  configure: everything,
  "service.status": [],
  "service.start": everything,
  "service.stop": everything,
  "service.reload": everything,
  "service.restart": everything,
  "package.install": everything,
  "package.remove": everything,
  "package.upgrade": everything,
  "data.get": ["link"],
  "data.put": ["link"],
  "data.drop": [],
  "data.mount": [],
  "data.report": [],
  "data.snapshot": ["link"],
  reboot: everything,
  "network.change": everything,
  "agent.upgrade": everything,
  "policy.pack": [],
  "terminal.open": [],
};

async function watching(): Promise<World> {
  const world = await startWorld();
  for (const each of policies) await world.call(contract.createPolicy, each);
  await world.advance(2 * SECOND);
  return world;
}

let sequence = 1_000;

/** A command of d1 that is under way. */
async function underWay(world: World, kind: CommandKind, author = "user:alice"): Promise<string> {
  const id = `C${++sequence}`;
  const draft = {
    job: "J1",
    device: "d1",
    kind,
    arguments: {},
    sequence,
    author,
    generation: 1,
    reason: "",
    detail: "",
  };
  const now = world.clock.now();
  const times = { expiresAt: now + 60 * MINUTE, runTimeout: 60 * MINUTE, cancelRequested: false, outputBytes: 0 };
  await world.store.commit(created(command, id, { ...draft, ...times }, "running"));
  return id;
}

async function becomes(world: World, id: string, signal: "succeed" | "cancel" | "reject"): Promise<void> {
  const row: Command | undefined = await world.store.get(command, id);
  assert.ok(row);
  await world.store.commit(moved(command, row, signal));
}

const heldOn = async (world: World, id = "d1"): Promise<readonly string[]> => {
  await measured(world, id, values);
  const states = await Promise.all(policies.map(async ({ name }) => [name, await stateOf(world, name, id)] as const));
  return states.flatMap(([name, state]) => (state === "maintenance" ? [name] : []));
};

for (const kind of Object.keys(commandKinds) as CommandKind[])
  test(`while ${kind} runs ${held[kind].length === 0 ? "no alert is" : `alerts of ${held[kind].join(", ")} are`} held back`, async () => {
    await using world = await watching();
    await underWay(world, kind);

    assert.deepEqual(await heldOn(world), held[kind]);
    assert.deepEqual(await heldOn(world, "d2"), []);
  });

test("alerts are held back until what runs has ended and five minutes have passed, and fire then", async () => {
  await using world = await watching();
  const id = await underWay(world, "data.put");
  assert.deepEqual(await heldOn(world), ["link"]);
  await world.advance(20 * MINUTE);
  assert.deepEqual(await heldOn(world), ["link"]);

  await becomes(world, id, "succeed");
  await world.advance(4 * MINUTE);
  assert.deepEqual(await heldOn(world), ["link"]);
  await world.advance(MINUTE + SECOND);

  assert.deepEqual(await heldOn(world), []);
  assert.equal(await stateOf(world, "link", "d1"), "firing");
});

test("what disturbs a device does so however much was asked of it since", async () => {
  await using world = await watching();
  const reboot = await underWay(world, "reboot");
  for (let count = 0; count < 10; count++) await becomes(world, await underWay(world, "ping"), "succeed");
  await becomes(world, await underWay(world, "log.collect"), "succeed");
  assert.deepEqual(await heldOn(world), everything);

  await becomes(world, reboot, "succeed");
  for (let count = 0; count < 10; count++) await becomes(world, await underWay(world, "data.get"), "succeed");
  assert.deepEqual(await heldOn(world), everything);
});

test("what a policy has a device do holds back no alert", async () => {
  await using world = await watching();
  await underWay(world, "service.restart", "policy:cpu");

  assert.deepEqual(await heldOn(world), []);
});

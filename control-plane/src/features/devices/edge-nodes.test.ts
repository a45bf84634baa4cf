import assert from "node:assert/strict";
import { test } from "node:test";
import { aDevice } from "../device.test-support.ts";
import { findDevice, listDevices, retireDevice } from "./contract.ts";
import { startDevices, type World } from "./devices.test-support.ts";
import { admitEdgeNode } from "./edge-node-admission.ts";
import { declareEdgeNode, edgeNode, listEdgeNodes, renewEdgeNode } from "./edge-node-contract.ts";

const line2 = { group: "Plant 1", node: "Line 2" };
const admitted = (world: World, password: string, name = line2) => admitEdgeNode(world)(name, password);

test("a declared edge node is a device at once, and connects with the password that was shown", async () => {
  await using world = await startDevices();

  const given = await world.call(declareEdgeNode, { ...line2, name: "press", labels: { site: "berlin" } });

  const row = await world.call(findDevice, { device: "press" });
  assert.deepEqual([row.id, row.state, row.presence, row.speaks], [given.device, "active", "offline", "sparkplug"]);
  assert.deepEqual(row.labels, { site: "berlin" });
  assert.equal(given.userName, "Plant 1/Line 2");
  assert.deepEqual(await admitted(world, given.password), { kind: "admitted", device: given.device });
});

test("nobody connects as an edge node that was not declared, or with another's password", async () => {
  await using world = await startDevices();
  const given = await world.call(declareEdgeNode, line2);
  const other = await world.call(declareEdgeNode, { ...line2, node: "Line 3" });

  const verdicts = await Promise.all([
    admitted(world, ""),
    admitted(world, other.password),
    admitted(world, given.password, { ...line2, node: "Line 4" }),
    admitted(world, given.password, { group: "Plant 1/Line 2", node: "" }),
  ]);

  assert.deepEqual([...new Set(verdicts.map(({ kind }) => kind))], ["refused"]);
});

test("the password is in no event and in no list", async () => {
  await using world = await startDevices();
  const { password } = await world.call(declareEdgeNode, line2);

  const told = JSON.stringify([await world.store.events(0, 100), await world.call(listEdgeNodes, {})]);

  assert.equal(told.includes(password) || told.includes("passwordHash"), false);
});

test("a device is named after its edge node, in the letters of a name, with a number where that is taken", async () => {
  await using world = await startDevices();
  await world.store.commit(aDevice("d1", { name: "Line-2" }));

  const given = await world.call(declareEdgeNode, line2);

  assert.equal(given.name, "Line-2-2");
});

test("one edge node is one device, until that is retired", async () => {
  await using world = await startDevices();
  const first = await world.call(declareEdgeNode, line2);
  await assert.rejects(world.call(declareEdgeNode, line2), { type: "conflict", message: /is this edge node/ });

  await world.call(retireDevice, { device: first.device });
  const refused = await admitted(world, first.password);
  const second = await world.call(declareEdgeNode, line2);

  assert.equal(refused.kind, "refused");
  assert.notEqual(second.device, first.device);
  assert.deepEqual(await admitted(world, second.password), { kind: "admitted", device: second.device });
  assert.deepEqual(
    (await world.call(listEdgeNodes, {})).items.map(({ device }) => device),
    [second.device],
  );
});

test("of two who declare one edge node at the same moment one is refused", async () => {
  await using world = await startDevices();

  const answers = await Promise.allSettled([world.call(declareEdgeNode, line2), world.call(declareEdgeNode, line2)]);

  assert.deepEqual(answers.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.equal((await world.call(listDevices, {})).items.length, 1);
});

test("a new password ends the former one", async () => {
  await using world = await startDevices();
  const first = await world.call(declareEdgeNode, line2);

  const second = await world.call(renewEdgeNode, { device: first.device });

  assert.equal((await admitted(world, first.password)).kind, "refused");
  assert.deepEqual(await admitted(world, second.password), { kind: "admitted", device: first.device });
  const types = await world.eventTypes();
  assert.ok(types.includes(`${edgeNode.name}.withdrawn`));
});

test("who may only enrol devices takes over no edge node that is one: its password is not made anew for them", async () => {
  await using world = await startDevices();
  const { device, password } = await world.call(declareEdgeNode, line2);
  const provisioner = { actor: "user:pat", permissions: ["device:read", "enrol:create"] };

  await assert.rejects(world.call(renewEdgeNode, { device }, provisioner), { type: "forbidden" });

  assert.equal((await admitted(world, password)).kind, "admitted");
});

test("a password is made for edge nodes only, and for none that is retired", async () => {
  await using world = await startDevices();
  await world.store.commit(aDevice("d1"));
  const { device } = await world.call(declareEdgeNode, line2);
  await world.call(retireDevice, { device });

  await assert.rejects(world.call(renewEdgeNode, { device: "d1" }), { message: /is no Sparkplug edge node/ });
  await assert.rejects(world.call(renewEdgeNode, { device }), { message: /declare the edge node anew/ });
});

for (const group of ["STATE", "a/b", "+", "a#b", "a\u202eb"])
  test(`a group cannot be called ${JSON.stringify(group)}`, async () => {
    await using world = await startDevices();

    await assert.rejects(world.call(declareEdgeNode, { ...line2, group }), { type: "invalid-input" });
  });

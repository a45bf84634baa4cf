import assert from "node:assert/strict";
import { test } from "node:test";
import { pack } from "@edgemere/protocol";
import { aDevice } from "../device.test-support.ts";
import * as contract from "./contract.ts";
import { mayConnect, startDevices, type World } from "./devices.test-support.ts";

async function startWorld(): Promise<World> {
  const world = await startDevices();
  await world.store.commit(
    aDevice("d1", {
      name: "gw-1",
      labels: { site: "berlin", role: "gw" },
      inventory: { "os.name": "Debian", "os.version": "12" },
    }),
    aDevice("d2", { name: "gw-2", presence: "offline" }),
  );
  return world;
}
const hello = (device: string, epoch = 1) =>
  pack("hello", { device }, { bootId: "boot-1", sessionEpoch: epoch, agentVersion: "1" });

const proposed = { labels: { site: "berlin" }, proposedLabels: { site: "paris", line: "2", rack: "7", role: "gw" } };

for (const [what, input, labels, left] of [
  ["accepted as they were proposed", { accept: ["line", "site"] }, { site: "paris", line: "2" }, ["rack", "role"]],
  ["set otherwise", { set: { line: "3" } }, { site: "berlin", line: "3" }, ["rack", "role", "site"]],
  ["refused", { remove: ["line", "rack", "role"] }, { site: "berlin" }, ["site"]],
] as const)
  test(`labels that a host proposed wait no longer when they are ${what}`, async () => {
    await using world = await startDevices();
    await world.store.commit(aDevice("d1", proposed));

    const row = await world.call(contract.labelDevice, { device: "d1", ...(structuredClone(input) as object) });

    assert.deepEqual(row.labels, labels);
    assert.deepEqual(Object.keys(row.proposedLabels ?? {}).toSorted(), left);
  });

test("a label that no host proposed is not accepted, and nothing else is done", async () => {
  await using world = await startDevices();
  await world.store.commit(aDevice("d1", proposed));

  await assert.rejects(
    world.call(contract.labelDevice, { device: "d1", set: { a: "b" }, accept: ["line", "constructor"] }),
    { type: "invalid-input", message: /proposed no label "constructor"/ },
  );

  assert.deepEqual((await world.call(contract.findDevice, { device: "d1" })).labels, { site: "berlin" });
});

test("a name that its host chose is confirmed by giving it once more", async () => {
  await using world = await startDevices();
  await world.store.commit(aDevice("d1", { name: "gw", isNameProposed: true }));

  const confirmed = await world.call(contract.updateDevice, { device: "d1", name: "gw" });

  assert.deepEqual([confirmed.name, confirmed.isNameProposed], ["gw", false]);
});

test("labels are set and removed together, and the others stay", async () => {
  await using world = await startWorld();

  const { labels } = await world.call(contract.labelDevice, {
    device: "gw-1",
    set: { role: "edge", rack: "7" },
    remove: ["site", "never-there"],
  });

  assert.deepEqual(labels, { role: "edge", rack: "7" });
});

test("a label that is set and removed at once is removed", async () => {
  await using world = await startWorld();

  const { labels } = await world.call(contract.labelDevice, { device: "gw-1", set: { a: "b" }, remove: ["a"] });

  assert.deepEqual(labels, { site: "berlin", role: "gw" });
});

test("a label named as what every object knows is a label like any other", async () => {
  await using world = await startWorld();

  const { labels } = await world.call(contract.labelDevice, { device: "gw-1", set: { constructor: "us" } });

  assert.equal(labels["constructor"], "us");
});

test("two who label one device at once both have their way", async () => {
  await using world = await startWorld();

  await Promise.all(
    ["a", "b", "c"].map((key) => world.call(contract.labelDevice, { device: "gw-1", set: { [key]: "1" } })),
  );

  const { labels } = await world.call(contract.findDevice, { device: "d1" });
  assert.deepEqual(labels, { site: "berlin", role: "gw", a: "1", b: "1", c: "1" });
});

for (const [what, set, pointer] of [
  ["a capital letter in a key", { good: "1", Bad: "1" }, "/set/Bad"],
  ["a blank in a key", { good: "1", "with blank": "1" }, "/set/with blank"],
  ["no key", { good: "1", "": "1" }, "/set/"],
  ["a key that ends with a dot", { good: "1", "a.": "1" }, "/set/a."],
  ["a value that is too long", { good: "1", long: "x".repeat(257) }, "/set/long"],
] as const) {
  test(`labels with ${what} are refused by that key, and none of them is set`, async () => {
    await using world = await startWorld();

    await assert.rejects(
      world.call(contract.labelDevice, { device: "gw-1", set }),
      ({ type, errors = [] }: { type?: string; errors?: readonly { pointer: string }[] }) => {
        assert.deepEqual([type, errors.map((each) => each.pointer)], ["invalid-input", [pointer]]);
        return true;
      },
    );
    assert.deepEqual((await world.call(contract.findDevice, { device: "d1" })).labels, { site: "berlin", role: "gw" });
  });
}

for (const name of ["", " gw", "gw ", "a/b", "a\nb", "x".repeat(129)]) {
  test(`no device is renamed to ${JSON.stringify(name.slice(0, 10))}`, async () => {
    await using world = await startWorld();

    await assert.rejects(world.call(contract.updateDevice, { device: "d1", name }), {
      type: "invalid-input",
      message: /"name" must be a string that matches/,
    });
  });
}

test("a device is found under its new name, and not under the old one", async () => {
  await using world = await startWorld();

  await world.call(contract.updateDevice, { device: "gw-1", name: "Werk Süd, Gateway 1" });

  assert.equal((await world.call(contract.findDevice, { device: "Werk Süd, Gateway 1" })).id, "d1");
  await assert.rejects(world.call(contract.findDevice, { device: "gw-1" }), {
    type: "not-found",
    message: 'there is no device "gw-1"',
  });
});

test("a device goes into quarantine and out of it, and hears of its release at once", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello("d1"));
  const before = world.store.lastNumber;

  const quarantined = await world.call(contract.quarantineDevice, { device: "gw-1" });
  const released = await world.call(contract.releaseDevice, { device: "gw-1" });
  await world.settle();

  assert.deepEqual([quarantined.state, released.state], ["quarantined", "active"]);
  assert.deepEqual(
    (await world.eventTypes(before)).filter((type) => type !== "device.updated"),
    ["device.quarantined", "device.active"],
  );
  assert.equal(world.carrier.messages("sync").length, 2);
  assert.deepEqual(world.carrier.disconnected, []);
});

test("a retired device is disconnected, offline, and refused for ever", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello("d1"));

  const row = await world.call(contract.retireDevice, { device: "gw-1" });

  await world.settle();
  assert.deepEqual([row.state, row.presence], ["retired", "offline"]);
  assert.deepEqual(world.carrier.disconnected, [{ device: "d1", reason: "the device was retired" }]);
  assert.deepEqual(await mayConnect(world, "d1", ""), { kind: "refused", why: "the device was retired" });
  await assert.rejects(world.call(contract.releaseDevice, { device: "gw-1" }), { type: "conflict" });
  await assert.rejects(world.call(contract.retireDevice, { device: "gw-1" }), { type: "conflict" });
});

for (const [title, action] of [
  ["an active device is not released", contract.releaseDevice],
  ["a device that is not there is not quarantined", contract.quarantineDevice],
] as const) {
  test(`${title}, with a word on why`, async () => {
    await using world = await startWorld();
    const ref = action === contract.releaseDevice ? "gw-1" : "gw-9";

    await assert.rejects(world.call(action, { device: ref }), { name: "Problem", message: /active|gw-9/ });
  });
}

test("a certificate lets in its own device as long as it is the newest", async () => {
  await using world = await startWorld();
  await world.store.commit(aDevice("d3", { certificate: { serial: "7f", notAfter: 1 } }));

  assert.deepEqual(await mayConnect(world, "d3", "7f"), { kind: "admitted" });
  assert.deepEqual(await mayConnect(world, "d3", "80"), { kind: "refused", why: "the certificate was replaced" });
  assert.deepEqual(await mayConnect(world, "d9", "7f"), { kind: "refused", why: "no such device" });
});

test("a quarantined device may still connect", async () => {
  await using world = await startWorld();
  await world.call(contract.quarantineDevice, { device: "d1" });

  assert.deepEqual(await mayConnect(world, "d1", ""), { kind: "admitted" });
});

test("the fleet is counted by presence, state, condition, version and operating system", async () => {
  await using world = await startWorld();
  await world.call(contract.quarantineDevice, { device: "d2" });
  const conditions = ["clock-wrong", "disk-low"];
  await world.store.commit(
    aDevice("d3", { name: "gw-3", presence: "offline", conditions }),
    aDevice("d4", { name: "gw-4", presence: "offline", conditions: ["disk-low"] }),
  );
  await world.call(contract.retireDevice, { device: "d4" });

  assert.deepEqual(await world.call(contract.summariseFleet, {}), {
    total: 4,
    presence: { online: 1, offline: 3 },
    state: { active: 2, quarantined: 1, retired: 1 },
    conditions: { "clock-wrong": 1, "disk-low": 1 },
    agentVersion: { "0.1.0": 4 },
    operatingSystem: { "Debian 12": 1, unknown: 3 },
  });
});

test("the devices that are connected are listed page by page, with their number", async () => {
  await using world = await startWorld();
  await world.arrived("d2", hello("d2", 4));
  await world.arrived("d1", hello("d1", 3));

  const first = await world.call(contract.listSessions, { limit: 1 });
  const second = await world.call(contract.listSessions, { limit: 1, cursor: first.next ?? "" });

  const now = world.clock.now();
  assert.deepEqual(first, {
    items: [{ device: "d1", epoch: 3, since: now, lastHeardAt: now, address: "192.0.2.1" }],
    total: 2,
    next: "d1",
  });
  assert.deepEqual([second.items[0]?.device, second.next], ["d2", undefined]);
});

test("what devices said that made no sense is counted by reason", async () => {
  await using world = await startWorld();
  const { topic } = hello("d1");

  await world.arrived("d1", { topic, payload: Buffer.from("hello") });
  await world.arrived("d1", { topic, payload: Buffer.from("hello") });
  await world.arrived("d2", hello("d1"));

  assert.deepEqual(await world.call(contract.countRefusals, {}), {
    refusals: { malformed: 2, "not-yours": 1 },
    doors: {},
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import { aDevice } from "../device.test-support.ts";
import { device, inventoryHistory, retireDevice } from "./contract.ts";
import { startDevices, type World } from "./devices.test-support.ts";
import { differences, inventoryOf } from "./inventory.ts";

type Facts = Readonly<Record<string, string | number | boolean>>;
const factOf = ([name, value]: [string, string | number | boolean]): v1.InventoryFact.$Properties =>
  typeof value === "string"
    ? { name, text: value }
    : typeof value === "number"
      ? { name, number: value }
      : { name, flag: value };
const aReport = (facts: Facts) => ({ inventory: { facts: Object.entries(facts).map(factOf) } });

async function startWorld(): Promise<World> {
  const world = await startDevices();
  await world.store.commit(aDevice("d1", { name: "gw" }));
  return world;
}
const inventory = async (world: World) => (await world.store.get(device, "d1"))?.inventory;
const history = async (world: World, input: { attribute?: string; limit?: number; cursor?: string } = {}) =>
  world.call(inventoryHistory, { device: "gw", ...input });

for (const [title, before, after, expected] of [
  ["nothing changed", { a: 1, b: "x", c: true }, { c: true, b: "x", a: 1 }, []],
  ["a fact appeared", {}, { a: 1 }, [{ attribute: "a", after: 1 }]],
  ["a fact went", { a: "x" }, {}, [{ attribute: "a", before: "x" }]],
  ["a fact became another", { a: 1 }, { a: 2 }, [{ attribute: "a", before: 1, after: 2 }]],
  ["a number became a text", { a: 1 }, { a: "1" }, [{ attribute: "a", before: 1, after: "1" }]],
  [
    "a flag fell and a text emptied",
    { a: true, b: "x" },
    { a: false, b: "" },
    [
      { attribute: "a", before: true, after: false },
      { attribute: "b", before: "x", after: "" },
    ],
  ],
  [
    "changes come by name",
    { z: 1 },
    { a: 1, m: 2 },
    [
      { attribute: "a", after: 1 },
      { attribute: "m", after: 2 },
      { attribute: "z", before: 1 },
    ],
  ],
] as const) {
  test(`of two inventories: ${title}`, () => {
    assert.deepEqual(differences(before, after), expected);
  });
}

test("a fact that is false, zero or empty is a fact", () => {
  const report = v1.InventoryReport.decode(
    v1.InventoryReport.encode(aReport({ a: 0, b: false, c: "" }).inventory).finish(),
  );

  assert.deepEqual(inventoryOf(report), { a: 0, b: false, c: "" });
});

test("of facts that a device reports twice in one inventory the last counts, and the history has one change", async () => {
  await using world = await startWorld();
  const facts = [
    factOf(["os.version", "12"]),
    factOf(["os.version", "13"]),
    factOf(["__proto__", 1]),
    factOf(["__proto__", 2]),
  ];

  await world.report("d1", "event", { inventory: { facts } });
  await world.report("d1", "event", { inventory: { facts } });

  assert.deepEqual(Object.entries((await inventory(world)) ?? {}), [
    ["os.version", "13"],
    ["__proto__", 2],
  ]);
  assert.deepEqual(
    (await history(world)).items.map(({ attribute, after }) => [attribute, after]),
    [
      ["os.version", "13"],
      ["__proto__", 2],
    ],
  );
});

test("what a device reports becomes its inventory, and what changed its history, newest first", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport({ "os.name": "Debian", "os.version": "12", "cpu.cores": 4 }));
  await world.advance(1_000);

  await world.report("d1", "event", aReport({ "os.name": "Debian", "os.version": "13" }));

  assert.deepEqual(await inventory(world), { "os.name": "Debian", "os.version": "13" });
  const { items } = await history(world);
  assert.deepEqual(
    items.slice(0, 2).map(({ at, attribute, before, after }) => ({ at, attribute, before, after })),
    [
      { at: world.clock.now(), attribute: "os.version", before: "12", after: "13" },
      { at: world.clock.now(), attribute: "cpu.cores", before: 4, after: undefined },
    ],
  );
  assert.equal(items.length, 5);
});

test("the history of one fact is asked for by its name, page by page", async () => {
  await using world = await startWorld();
  for (const version of ["1", "2", "3"])
    await world.report("d1", "event", aReport({ "os.version": version, "os.version.codename": version }));

  const first = await history(world, { attribute: "os.version", limit: 2 });
  const second = await history(world, { attribute: "os.version", limit: 2, cursor: first.next ?? "" });

  assert.deepEqual(
    [...first.items, ...second.items].map(({ attribute, after }) => [attribute, after]),
    [
      ["os.version", "3"],
      ["os.version", "2"],
      ["os.version", "1"],
    ],
  );
  assert.equal(second.next, undefined);
});

test("an inventory that says nothing new is no event and no history", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport({ "os.name": "Debian" }));
  const before = world.store.lastNumber;

  await world.report("d1", "event", aReport({ "os.name": "Debian" }));

  assert.equal(world.store.lastNumber, before);
  assert.equal((await history(world)).items.length, 1);
});

test("of several inventories in one batch the newest counts", async () => {
  await using world = await startWorld();

  await world.report("d1", "event", aReport({ a: 1 }), { agentEvent: { name: "started" } }, aReport({ a: 2 }));

  assert.deepEqual(await inventory(world), { a: 2 });
  assert.equal((await history(world)).items.length, 1);
});

test("records that are sent again do not change the history", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport({ a: 1 }), aReport({ a: 2 }));

  await world.replay("d1", "event", aReport({ a: 1 }), aReport({ a: 2 }), aReport({ a: 2 }));

  assert.deepEqual(await inventory(world), { a: 2 });
  assert.equal((await history(world)).items.length, 1);
});

test("changes of an inventory are forgotten after a year, and the inventory is not", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport({ a: 1 }));
  await world.report("d1", "event", aReport({ a: 2 }));
  world.clock.step(364 * DAY);
  await world.report("d1", "event", aReport({ a: 3 }));
  await world.advance(HOUR);
  assert.equal((await history(world)).items.length, 3);

  world.clock.step(2 * DAY);
  await world.advance(HOUR);

  const { items } = await history(world);
  assert.deepEqual([items.map(({ after }) => after), await inventory(world)], [[3], { a: 3 }]);
});

test("a retired device's inventory stays as it was", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport({ a: 1 }));
  await world.call(retireDevice, { device: "d1" });

  await world.report("d1", "event", aReport({ a: 2 }));

  assert.deepEqual(await inventory(world), { a: 1 });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { aDevice } from "../device.test-support.ts";
import { listDevices } from "./contract.ts";
import { startDevices, type World } from "./devices.test-support.ts";

/** Three devices that differ in everything a selector may speak of. */
async function aFleet(): Promise<World> {
  const world = await startDevices();
  const agent = { version: "0.1.0", bootId: "", capabilities: ["command:exec"], lastExitReason: "", clockOffset: 0 };
  await world.store.commit(
    aDevice("d1", {
      name: "berlin-1",
      labels: { site: "berlin", role: "gw" },
      inventory: { "os.name": "Debian", "memory.bytes": 4_096 },
      agent,
    }),
    aDevice("d2", {
      name: "berlin-2",
      labels: { site: "berlin", role: "edge", presence: "a label" },
      inventory: { "os.name": "Alpine", "memory.bytes": 1_024 },
      presence: "offline",
      agent: { ...agent, version: "0.2.0", capabilities: [] },
    }),
    aDevice("d3", { name: "paris-1", labels: { site: "paris" }, presence: "silent", agent }),
  );
  return world;
}

const names = async (world: World, selector: string) =>
  (await world.call(listDevices, { selector })).items.map(({ name }) => name);

for (const [selector, expected] of [
  ["", ["berlin-1", "berlin-2", "paris-1"]],
  ["  ", ["berlin-1", "berlin-2", "paris-1"]],
  ["site=berlin", ["berlin-1", "berlin-2"]],
  ["site=berlin,role=gw", ["berlin-1"]],
  ["role in (gw,edge)", ["berlin-1", "berlin-2"]],
  ["!role", ["paris-1"]],
  ["role!=gw", ["berlin-2", "paris-1"]],
  ["presence=offline", ["berlin-2"]],
  ["name=paris-1", ["paris-1"]],
  ["id=d2", ["berlin-2"]],
  ["agent_version=0.2.0", ["berlin-2"]],
  ['presence == "online" && inventory["os.name"] == "Debian"', ["berlin-1"]],
  ['inventory["memory.bytes"] > 2048', ["berlin-1"]],
  ['"command:exec" in capabilities', ["berlin-1", "paris-1"]],
  ['labels["presence"] == "a label"', ["berlin-2"]],
  ['name.startsWith("berlin-") || presence == "silent"', ["berlin-1", "berlin-2", "paris-1"]],
  ["site=rome", []],
] as const) {
  test(`the selector '${selector}' finds ${expected.join(", ") || "nothing"}`, async () => {
    await using world = await aFleet();

    assert.deepEqual(await names(world, selector), expected);
  });
}

for (const [selector, why] of [
  ["site=", /line 1, column 6/],
  ["role in (gw", /line 1, column/],
  ['colour == "red"', /colour/],
  ['secretHash == "x"', /secretHash/],
  ["presence == 7", /presence|7/],
  [`site=${"x".repeat(2_048)}`, /2048|2,048|characters/],
] as const) {
  test(`the selector '${selector.slice(0, 20)}' is refused with a word on what is wrong`, async () => {
    await using world = await aFleet();

    await assert.rejects(names(world, selector), (error: Error & { type?: string }) => {
      assert.equal(error.type, "invalid-input");
      assert.match(error.message, why);
      return true;
    });
  });
}

test("the first page says how many match in all, and the pages after it hold each match once", async () => {
  await using world = await startDevices();
  await world.store.commit(
    ...Array.from({ length: 25 }, (_, i) =>
      aDevice(`d${i}`, { name: `n${String(i).padStart(2, "0")}`, labels: { odd: String(i % 2) } }),
    ),
  );

  const first = await world.call(listDevices, { selector: "odd=1", limit: 5 });
  const second = await world.call(listDevices, { selector: "odd=1", limit: 5, cursor: first.next ?? "" });
  const third = await world.call(listDevices, { selector: "odd=1", limit: 5, cursor: second.next ?? "" });

  assert.deepEqual([first.total, second.total, third.total], [12, undefined, undefined]);
  assert.deepEqual(
    [first, second, third].map(({ items }) => items.map(({ name }) => name)),
    [
      ["n01", "n03", "n05", "n07", "n09"],
      ["n11", "n13", "n15", "n17", "n19"],
      ["n21", "n23"],
    ],
  );
  assert.equal(third.next, undefined);
});

test("a page that ends with the last match has no next page", async () => {
  await using world = await aFleet();

  const page = await world.call(listDevices, { selector: "site=berlin", limit: 2 });

  assert.deepEqual([page.items.length, page.next, page.total], [2, undefined, 2]);
});

test("a cursor of another list is refused", async () => {
  await using world = await aFleet();
  const cursor = Buffer.from("row/whatever").toString("base64url");

  await assert.rejects(world.call(listDevices, { cursor }), { type: "invalid-input", message: /start again without/ });
});

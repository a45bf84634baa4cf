import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Data, DataSource } from "../data-catalogue/contract.ts";
import {
  costOf,
  plan,
  totalOf,
  type Constraint,
  type Content,
  type Place,
  type Plan,
  type Surroundings,
} from "./planning.ts";

const aPlace = (id: string, over: Partial<DataSource> = {}, site = ""): Place => ({
  source: {
    id,
    device: `on-${id}`,
    freeBytes: 100,
    availableBytes: 100,
    reservedBytes: 0,
    placingBytes: 0,
    tags: {},
    ...over,
  } as DataSource,
  site,
});
const aContent = (hash: string, bytes: number, ...devices: readonly string[]): Content => ({
  hash,
  bytes,
  holders: devices.map((device) => ({ id: `${hash}@${device}`, device, hash, bytes }) as Data),
});
const aWorld = (places: readonly Place[], over: Partial<Surroundings> = {}): Surroundings => ({
  places,
  isWanted: () => true,
  siteOf: () => "",
  hindranceOf: () => undefined,
  ...over,
});
const chosen = (found: Plan) =>
  "steps" in found ? found.steps.map(({ data, target }) => target?.id ?? `left ${data.device}`) : found.conflict;

test("what lies where it is wanted is left there, and only what is missing is brought", () => {
  const world = aWorld([aPlace("a"), aPlace("b")], { isWanted: (device) => device !== "far" });

  assert.deepEqual(chosen(plan([aContent("h", 10, "far")], { copies: 1, budget: {} }, world)), ["a"]);
  assert.deepEqual(chosen(plan([aContent("h", 10, "far", "near")], { copies: 2, budget: {} }, world)), [
    "left near",
    "a",
  ]);
});

test("the cheapest place comes first, then one on the same site, then the emptiest", () => {
  const dear = aPlace("a", { tags: { cost: "5" } });
  const far = aPlace("b", {}, "paris");
  const full = aPlace("c", { availableBytes: 50 }, "berlin");
  const near = aPlace("d", {}, "berlin");
  const world = aWorld([dear, far, full, near], { siteOf: () => "berlin" });

  assert.deepEqual(chosen(plan([aContent("h", 10, "x")], { copies: 5, budget: {} }, world)), [
    "left x",
    "d",
    "c",
    "b",
    "a",
  ]);
});

test("the price of a place is its tag, by the GiB, and what is no price costs nothing", () => {
  assert.equal(costOf(512 * 1024 ** 2, { tags: { cost: "0.5" } }).money, 0.25);
  assert.equal(costOf(1, { tags: { cost: "much" } }).money, 0);
  assert.equal(costOf(2 * 1024 ** 2, { tags: {} }).milliseconds, 2_000);
});

for (const [what, wish, world, conflict] of [
  [
    "two copies are wanted and one device is",
    { copies: 2, budget: {} },
    aWorld([aPlace("a"), aPlace("b")], { isWanted: (device) => device === "on-a" }),
    ["where", "copies"],
  ],
  ["there is no room", { copies: 2, budget: {} }, aWorld([aPlace("a", { availableBytes: 5 })]), ["copies", "room"]],
  ["more would move than may", { copies: 2, budget: { bytes: 9 } }, aWorld([aPlace("a")]), ["copies", "bytes"]],
  [
    "it would cost more than may be paid",
    { copies: 2, budget: { money: 0.1 } },
    aWorld([aPlace("a", { tags: { cost: "1000000000000" } })]),
    ["copies", "money"],
  ],
  [
    "the policy refuses the only place",
    { copies: 1, budget: {} },
    aWorld([aPlace("a")], {
      isWanted: (device) => device === "on-a",
      hindranceOf: (_, target) => (target?.id === "a" ? "not there" : undefined),
    }),
    ["where", "policy"],
  ],
] as const) {
  test(`where ${what}, that and what it stands against are named, and nothing else`, () => {
    assert.deepEqual(chosen(plan([aContent("h", 10, "x")], wish, world)), conflict);
  });
}

test("where no device takes data, the copies that are wanted are what is in the way", () => {
  assert.deepEqual(chosen(plan([aContent("h", 10, "x")], { copies: 2, budget: {} }, aWorld([]))), ["copies"]);
});

const endless = { availableBytes: 1_000_000 };
const aRandomWish = fc.record({
  copies: fc.integer({ min: 1, max: 4 }),
  bytes: fc.integer({ min: 1, max: 60 }),
  rooms: fc.array(fc.nat(100), { maxLength: 8 }),
  wanted: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
  holders: fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 3 }),
  budget: fc.option(fc.nat(200), { nil: undefined }),
});

test("of one content a plan is found exactly where there is one, with exact copies, within room and budget, and otherwise the smallest set of what is in the way", () => {
  fc.assert(
    fc.property(aRandomWish, ({ copies, bytes, rooms, wanted, holders, budget }) => {
      const places = rooms.map((room, i) => aPlace(String(i), { availableBytes: room }));
      const isWanted = (device: string) => wanted[Number(device.slice(3))] ?? false;
      const content = aContent("h", bytes, ...holders.map((i) => `on-${i}`));
      const wish = { copies, budget: budget === undefined ? {} : { bytes: budget } };

      const found = plan([content], wish, aWorld(places, { isWanted }));

      const left = holders.filter((i) => wanted[i]).length;
      const roomy = rooms.filter((room, i) => room >= bytes && wanted[i] && !holders.includes(i)).length;
      const missing = Math.max(0, copies - left);
      const isPossible = missing <= roomy && missing * bytes <= (budget ?? Infinity);
      assert.equal("steps" in found, isPossible);
      if (!("steps" in found)) {
        const isPossibleUnder = (binding: readonly Constraint[]) => {
          const bound = binding.includes("room") ? places : places.map(({ source }) => aPlace(source.id, endless));
          const over = binding.includes("where") ? { isWanted } : {};
          const few = binding.includes("copies") ? copies : 1;
          const budget = binding.includes("bytes") ? wish.budget : {};
          return "steps" in plan([content], { copies: few, budget }, aWorld(bound, over));
        };
        assert.ok(!isPossibleUnder(found.conflict), `${found.conflict.join()} stands in the way`);
        for (const one of found.conflict)
          assert.ok(isPossibleUnder(found.conflict.filter((each) => each !== one)), `without ${one} it is possible`);
        return;
      }
      const devices = found.steps.map(({ data, target }) => target?.device ?? data.device);
      assert.equal(new Set(devices).size, copies);
      assert.ok(devices.every(isWanted));
      assert.equal(totalOf(found.steps).bytes, missing * bytes);
    }),
    { numRuns: 1_000 },
  );
});

test("what several contents take of a place is never more than it has", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(120), { minLength: 1, maxLength: 5 }),
      (sizes, rooms) => {
        const contents = sizes.map((bytes, i) => aContent(`h${i}`, bytes, "source"));
        const places = rooms.map((room, i) => aPlace(String(i), { availableBytes: room }));

        const found = plan(contents, { copies: 1, budget: {} }, aWorld(places, { isWanted: (d) => d !== "source" }));

        for (const [i, room] of rooms.entries()) {
          const steps = "steps" in found ? found.steps.filter(({ target }) => target?.id === String(i)) : [];
          assert.ok(totalOf(steps).bytes <= room);
        }
      },
    ),
  );
});

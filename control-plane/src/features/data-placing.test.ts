import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutputOf } from "../platform/action.ts";
import { data } from "./data-catalogue/contract.ts";
import type { planData } from "./data-orchestrator/contract.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";

const berlin = { site: "berlin" };
const fleet = { gw1: { files: { "a.pcap": "evidence" } }, b1: berlin, b2: berlin, b3: berlin };

const placesOf = (yard: Yard) =>
  [...yard.held].filter(([, files]) => [...files.values()].includes("evidence")).map(([id]) => id);

test("data is brought to as many devices as it is wanted on, and the request is satisfied when it stands there", async () => {
  await using yard = await startYard(fleet);

  const { id } = await yard.find({ query: "kind:capture", where: "site=berlin", copies: 2 });
  const before = await yard.explain(id);
  await yard.pass(10);

  assert.equal(before.request.state, "evaluated");
  const { request, reservations, instances } = await yard.explain(id);
  assert.deepEqual([request.state, request.cost?.bytes], ["satisfied", 16]);
  assert.deepEqual(
    reservations.map(({ state, decision, cost }) => [state, decision, cost.bytes]),
    [
      ["confirmed", "copy", 8],
      ["confirmed", "copy", 8],
    ],
  );
  assert.ok(instances.every(({ state, path }) => state === "ready" && /^\/data\/[0-9a-f]{16}-a\.pcap$/.test(path)));
  assert.equal(placesOf(yard).length, 3);
  assert.deepEqual(yard.moved, { sent: 8, fetched: 16 });
  const copies = (await yard.store.list(data)).items.filter(({ lineage }) => lineage !== undefined);
  assert.deepEqual(
    copies.map(({ lineage }) => [lineage?.device, lineage?.request]),
    [
      ["gw1", id],
      ["gw1", id],
    ],
  );
  assert.ok((await yard.sources()).every(({ reservedBytes, placingBytes }) => reservedBytes + placingBytes === 0));
});

test("copies go when they are needed no longer, and the data they were made of stays", async () => {
  await using yard = await startYard(fleet);
  const { id } = await yard.find({ query: "kind:capture", where: "site=berlin", copies: 2, lifetime: 30 });
  await yard.pass(10);

  await yard.pass(40);

  assert.equal((await yard.explain(id)).request.state, "completed");
  assert.deepEqual(placesOf(yard), ["gw1"]);
});

test("what is moved is taken away where it lay once it stands elsewhere, and stays there afterwards", async () => {
  await using yard = await startYard(fleet);

  const { id } = await yard.find({ query: "kind:capture", device: "b2", use: "move", lifetime: 30 });
  await yard.pass(15);
  assert.deepEqual(placesOf(yard), ["b2"]);

  await yard.pass(40);
  assert.equal((await yard.explain(id)).request.state, "completed");
  assert.deepEqual(placesOf(yard), ["b2"]);
});

test("a plan shows what would be brought where at which cost, and changes nothing", async () => {
  await using yard = await startYard({ ...fleet, b1: { ...berlin, tags: { cost: "134217728" } } });
  const before = yard.store.lastNumber;

  const plan = (await yard.ask("diml/plan", {
    query: "kind:capture",
    where: "site=berlin",
    copies: 3,
  })) as OutputOf<typeof planData>;

  assert.deepEqual(
    plan.steps.map(({ from, to, cost }) => [from, to, cost.bytes, cost.money]),
    [
      ["gw1", "b2", 8, 0],
      ["gw1", "b3", 8, 0],
      ["gw1", "b1", 8, 1],
    ],
  );
  assert.deepEqual([plan.cost.bytes, plan.cost.money, plan.refusal], [24, 1, ""]);
  assert.equal(yard.store.lastNumber, before);
});

for (const [what, input, reason] of [
  ["more copies than devices", { copies: 4 }, /where site=berlin \(3 places there take data now\); copies 4/],
  ["more bytes than may move", { copies: 2, bytes: 15 }, /copies 2 .*; a budget of 15 bytes$/],
] as const) {
  test(`${what}: the request is refused with what cannot hold together, and nothing is held or moved`, async () => {
    await using yard = await startYard(fleet);

    const { id } = await yard.find({ query: "kind:capture", where: "site=berlin", ...input });
    await yard.pass(5);

    const { request, reservations, instances } = await yard.explain(id);
    assert.equal(request.state, "failed");
    assert.match(request.reason, reason);
    assert.deepEqual([reservations, instances, yard.moved], [[], [], { sent: 0, fetched: 0 }]);
  });
}

test("a policy that refuses a place has the data brought to another, and says why where there is none", async () => {
  const placementPolicy =
    async () =>
    ({ target }: { readonly target: { readonly device: string } | undefined }) =>
      target?.device === "b1"
        ? ({ decision: "refuse", reason: "nothing secret goes to b1" } as const)
        : ({ decision: target === undefined ? "leave" : "copy", reason: "" } as const);
  await using yard = await startYard(fleet, { placementPolicy });

  const two = await yard.find({ query: "kind:capture", where: "site=berlin", copies: 2 });
  const three = await yard.find({ query: "kind:capture", where: "site=berlin", copies: 3 });
  await yard.pass(10);

  assert.deepEqual(placesOf(yard), ["gw1", "b2", "b3"]);
  assert.equal((await yard.explain(two.id)).request.state, "satisfied");
  assert.match((await yard.explain(three.id)).request.reason, /the policy \(nothing secret goes to b1\)/);
});

test("two requests never take the same room", async () => {
  await using yard = await startYard({ gw1: { files: { "a.pcap": "evidence" } }, b1: { ...berlin, freeBytes: 10 } });

  const [one, two] = (await Promise.all(
    ["one", "two"].map((name) => yard.ask("diml/find", { query: "kind:capture", where: "site=berlin", name })),
  )) as { id: string }[];
  await yard.settle();
  await yard.pass(10);

  const states = [(await yard.explain(one?.id ?? "")).request.state, (await yard.explain(two?.id ?? "")).request.state];
  assert.deepEqual(states.toSorted(), ["failed", "satisfied"]);
});

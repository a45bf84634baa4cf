import assert from "node:assert/strict";
import { test } from "node:test";
import { data } from "./data-catalogue/contract.ts";
import { startYard, type Yard, type YardDevice } from "./data-yard.test-support.ts";

const berlin = { site: "berlin" };
const fleet: Readonly<Record<string, YardDevice>> = {
  gw1: { files: { "a.pcap": "evidence" } },
  b1: berlin,
  b2: berlin,
};
const CAPTURES = "kind:capture";
const rule = { query: CAPTURES, where: "site=berlin", copies: 1, keep: true, lifetime: 86_400 };

/** Devices that hold something. */
const holding = (yard: Yard, content: string) =>
  [...yard.held].filter(([, files]) => [...files.values()].includes(content)).map(([id]) => id);
const instancesOf = async (yard: Yard, id: string) =>
  (await yard.explain(id)).instances
    .map(({ device, decision, state, cause }) => [device, decision, state, cause])
    .toSorted(([one = ""], [other = ""]) => one.localeCompare(other));

/** A copy on b2 that was made of a copy on b1, which has gone since. */
async function copyOfACopy(over: object): Promise<{ yard: Yard; id: string }> {
  const yard = await startYard(fleet);
  await yard.find({ query: CAPTURES, device: "b1", lifetime: 20 });
  await yard.pass(10);
  await yard.setPresence("gw1", "offline");
  await yard.pass(2);
  const { id } = await yard.find({ query: CAPTURES, device: "b2", lifetime: 86_400, ...over });
  const [from] = (await yard.explain(id)).reservations;
  assert.equal((await yard.store.get(data, from?.data ?? ""))?.device, "b1");
  await yard.pass(40);
  assert.deepEqual(holding(yard, "evidence"), ["gw1", "b2"]);
  await yard.setPresence("gw1", "online");
  await yard.pass(5);
  return { yard, id };
}

test("a copy that was made of a copy is told outdated when the data changes after the copy between them went", async () => {
  const { yard, id } = await copyOfACopy({});
  await using _ = yard;
  assert.deepEqual(await instancesOf(yard, id), [["b2", "copy", "ready", ""]]);

  yard.held.get("gw1")?.set("a.pcap", "more evidence");
  await yard.pass(5);

  assert.deepEqual(await instancesOf(yard, id), [["b2", "copy", "stale", "what it is a copy of has changed"]]);
});

test("a copy that is kept and was made of a copy is brought anew when the data changes after the copy between them went", async () => {
  const { yard, id } = await copyOfACopy({ keep: true });
  await using _ = yard;

  yard.held.get("gw1")?.set("a.pcap", "more evidence");
  await yard.pass(40);

  assert.deepEqual(holding(yard, "more evidence"), ["gw1", "b2"]);
  assert.deepEqual(holding(yard, "evidence"), []);
  assert.deepEqual(await instancesOf(yard, id), [["b2", "copy", "ready", ""]]);
});

test("what was moved is no copy: another file in the place where it lay does not outdate it, and a change of it does its copies", async () => {
  await using yard = await startYard(fleet);
  await yard.find({ query: CAPTURES, device: "b1", use: "move", lifetime: 86_400 });
  await yard.pass(20);
  assert.deepEqual(holding(yard, "evidence"), ["b1"]);
  yard.held.get("gw1")?.set("a.pcap", "another capture");
  await yard.pass(5);

  const { id } = await yard.find({ query: `${CAPTURES} and device:b1`, device: "b2", lifetime: 86_400 });
  await yard.pass(20);
  assert.deepEqual(holding(yard, "evidence"), ["b1", "b2"]);
  const folder = yard.held.get("b1");
  for (const name of folder?.keys() ?? []) folder?.set(name, "changed evidence");
  await yard.pass(5);

  assert.deepEqual(await instancesOf(yard, id), [["b2", "copy", "stale", "what it is a copy of has changed"]]);
});

test("a rule that counts on a copy of another request gets it anew when the data changes, before the one of before goes", async () => {
  await using yard = await startYard(fleet);
  await yard.find({ query: CAPTURES, device: "b1", lifetime: 20 });
  await yard.pass(10);
  const { id } = await yard.find(rule);
  await yard.pass(40);
  assert.deepEqual(await instancesOf(yard, id), [["b1", "leave", "ready", ""]]);

  yard.held.get("gw1")?.set("a.pcap", "more evidence");
  await yard.pass(2);
  assert.deepEqual(holding(yard, "evidence"), ["b1"]);
  await yard.pass(40);

  assert.deepEqual(holding(yard, "evidence"), []);
  assert.equal(holding(yard, "more evidence").length, 2);
  assert.deepEqual(
    (await yard.explain(id)).instances.map(({ decision, state }) => [decision, state]),
    [["copy", "ready"]],
  );
});

test("a copy of another request that changes before all of a request is ready is brought anew in its place", async () => {
  await using yard = await startYard({
    gw1: { files: { "a.pcap": "evidence" } },
    b1: berlin,
    b2: { ...berlin, freeBytes: 5_000 },
  });
  await yard.find({ query: CAPTURES, device: "b1", lifetime: 86_400 });
  await yard.pass(10);
  yard.held.get("gw1")?.set("b.pcap", "second");
  await yard.pass(3);
  yard.deaf.add("b2");
  const { id } = await yard.find(rule);
  await yard.pass(3);
  assert.deepEqual(
    (await instancesOf(yard, id)).map(([device, decision, state]) => [device, decision, state]),
    [
      ["b1", "leave", "ready"],
      ["b2", "copy", "placing"],
    ],
  );

  yard.held.get("gw1")?.set("a.pcap", "more evidence");
  await yard.pass(20);
  yard.deaf.delete("b2");
  await yard.pass(20);

  const { request } = await yard.explain(id);
  assert.deepEqual([request.state, request.reason], ["satisfied", ""]);
  assert.deepEqual(await instancesOf(yard, id), [
    ["b1", "copy", "ready", ""],
    ["b2", "copy", "ready", ""],
  ]);
  assert.ok(holding(yard, "more evidence").includes("b1"));
  for (const source of await yard.sources()) assert.deepEqual([source.reservedBytes, source.placingBytes], [0, 0]);
});

test("a rule that speaks of a copy keeps what the copy was made of, when that changes", async () => {
  await using yard = await startYard(fleet);
  await yard.find({ query: CAPTURES, device: "b1", lifetime: 86_400 });
  await yard.pass(10);
  const { id } = await yard.find({ query: `${CAPTURES} and device:b1`, device: "b2", keep: true, lifetime: 86_400 });
  await yard.pass(10);

  yard.held.get("gw1")?.set("a.pcap", "more evidence");
  await yard.pass(40);

  assert.deepEqual(holding(yard, "more evidence"), ["gw1", "b2"]);
  assert.deepEqual(await instancesOf(yard, id), [["b2", "copy", "ready", ""]]);
});

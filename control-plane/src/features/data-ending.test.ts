import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutputOf } from "../platform/action.ts";
import { dataReference, dataRequest, type createInstance, type endRequest } from "./data-orchestrator/contract.ts";
import { startYard, type Yard, type YardDevice } from "./data-yard.test-support.ts";

const berlin = { site: "berlin" };
const fleet: Readonly<Record<string, YardDevice>> = {
  gw1: { files: { "a.pcap": "evidence" } },
  b1: berlin,
  b2: berlin,
};
const rule = { query: "kind:capture and device:gw1", where: "site=berlin", copies: 2, keep: true, lifetime: 86_400 };

const end = async (yard: Yard, request: string) =>
  (await yard.ask("diml/dml/do/datarequest/end", { request })) as OutputOf<typeof endRequest>;
const refer = async (yard: Yard, dataref: object | string) =>
  (await yard.ask("diml/dml/do/datainstance/create", { dataref })) as OutputOf<typeof createInstance>;
const heldBy = (yard: Yard) => [...yard.held].filter(([, files]) => files.size > 0).map(([id]) => id);

async function mustBeFree(yard: Yard): Promise<void> {
  assert.deepEqual(heldBy(yard), ["gw1"]);
  assert.deepEqual(await yard.instances(), []);
  for (const source of await yard.sources()) assert.deepEqual([source.reservedBytes, source.placingBytes], [0, 0]);
}

test("a rule that is ended makes no copy any more, and what it had brought is taken away", async () => {
  await using yard = await startYard(fleet);
  const { id } = await yard.find(rule);
  await yard.pass(20);
  assert.deepEqual(heldBy(yard), ["gw1", "b1", "b2"]);

  assert.equal((await end(yard, id)).state, "completed");
  assert.match((await yard.explain(id)).answer, /^it had its data, and was ended by user:alice before its time$/);
  await yard.pass(40);

  await mustBeFree(yard);
  assert.equal((await end(yard, id)).state, "completed");
});

test("a rule that is ended while copies are on their way leaves none behind, and no room that is held", async () => {
  await using yard = await startYard(fleet);
  yard.deaf.add("b2");
  const { id } = await yard.find(rule);
  await yard.pass(10);
  assert.deepEqual((await yard.instances()).map(({ state }) => state).toSorted(), ["placing", "ready"]);

  const { state, reason } = await end(yard, id);
  assert.deepEqual([state, reason], ["failed", "ended by user:alice"]);
  yard.deaf.delete("b2");
  await yard.pass(60);

  await mustBeFree(yard);
});

test("a rule that is ended while it mends itself leaves nothing behind", async () => {
  await using yard = await startYard({ ...fleet, b3: berlin });
  const { id } = await yard.find(rule);
  await yard.pass(20);
  const gone = (await yard.instances())[0]?.device ?? "";
  yard.held.get(gone)?.clear();
  await yard.pass(1);

  await Promise.all([end(yard, id), yard.pass(7)]);
  await yard.pass(60);

  await mustBeFree(yard);
});

test("a data reference goes with its request: its name can be taken again, also by another query", async () => {
  await using yard = await startYard(fleet);
  const first = await refer(yard, { name: "captures", query: "kind:nothing" });
  await yard.settle();
  assert.equal((await yard.store.get(dataReference, first.reference))?.state, "failedprovision");

  await end(yard, first.request);
  assert.equal(await yard.store.get(dataReference, first.reference), undefined);
  const second = await refer(yard, { name: "captures", query: "kind:capture", service: "web" });
  await yard.pass(2);

  assert.notEqual(second.reference, first.reference);
  assert.equal((await yard.store.get(dataReference, second.reference))?.state, "provisioned");
  assert.equal((await yard.store.get(dataRequest, second.request))?.purpose.service, "web");
});

test("a data reference that names a source is kept there, as one that names devices is", async () => {
  await using yard = await startYard(fleet);
  const source = (await yard.sources()).find(({ device }) => device === "b1")?.id ?? "";
  await refer(yard, { name: "captures", query: "kind:capture and device:gw1", source });
  await yard.pass(20);
  assert.deepEqual(heldBy(yard), ["gw1", "b1"]);

  yard.held.get("b1")?.clear();
  await yard.pass(60);

  assert.deepEqual(heldBy(yard), ["gw1", "b1"]);
});

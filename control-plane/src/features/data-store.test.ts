import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutputOf } from "../platform/action.ts";
import type { Data, DataSource, queryData } from "./data-catalogue/contract.ts";
import type { planData } from "./data-orchestrator/contract.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";
import { createFile, destroyFile } from "./files/contract.ts";
import { upload } from "./files/files.test-support.ts";

const matches = async (yard: Yard, expression: string): Promise<readonly Data[]> =>
  ((await yard.ask("diml/dml/fmdm/query", { expression })) as OutputOf<typeof queryData>).items;
const storeOf = async (yard: Yard): Promise<DataSource | undefined> =>
  (await yard.sources()).find(({ kind }) => kind === "store");

test("what people upload is data of the centre's own store, and counted there", async () => {
  await using yard = await startYard({ gw1: {} });

  const file = await upload(yard, Buffer.from("settings"), { name: "app.conf" });
  await yard.settle();

  const [found, ...others] = await matches(yard, "source:store and kind:text");
  assert.deepEqual([found?.id, found?.hash, found?.device, others], [file.id, file.sha256, "", []]);
  const source = await storeOf(yard);
  assert.deepEqual([source?.state, source?.freeBytes, source?.takesData], ["ready", 1024 ** 3 - 8, false]);
});

test("an upload holds its room in the store before it is whole, and is no data yet", async () => {
  await using yard = await startYard({ gw1: {} });

  await yard.call(createFile, { name: "image.bin", bytes: 1_000 });
  await yard.settle();

  assert.equal((await storeOf(yard))?.freeBytes, 1024 ** 3 - 1_000);
  assert.deepEqual(await matches(yard, "source:store"), []);
});

test("uploaded data is placed on devices by a request, and no device is asked for it", async () => {
  await using yard = await startYard({ b1: { site: "berlin" }, b2: { site: "berlin" } });
  await upload(yard, Buffer.from("settings"), { name: "app.conf" });
  await yard.settle();

  const { id } = await yard.find({ query: "source:store", where: "site=berlin", copies: 2 });
  await yard.pass(10);

  assert.equal((await yard.explain(id)).request.state, "satisfied");
  assert.deepEqual(yard.moved, { sent: 0, fetched: 16 });
});

test("uploaded data that is wanted nowhere in particular is used where it lies", async () => {
  await using yard = await startYard({ gw1: {} });
  await upload(yard, Buffer.from("settings"), { name: "app.conf" });
  await yard.settle();

  const plan = (await yard.ask("diml/plan", { query: "source:store" })) as OutputOf<typeof planData>;
  const { id } = await yard.find({ query: "source:store" });
  await yard.pass(10);

  const { request, instances } = await yard.explain(id);
  assert.deepEqual([plan.refusal, plan.cost.bytes, request.state], ["", 0, "satisfied"]);
  assert.deepEqual(
    instances.map(({ decision, source, state }) => [decision, source, state]),
    [["leave", "store", "ready"]],
  );
});

test("data goes with its file, and its room is free again", async () => {
  await using yard = await startYard({ gw1: {} });
  const { id } = await upload(yard, Buffer.from("settings"), { name: "app.conf" });
  await yard.settle();

  await yard.call(destroyFile, { file: id });
  await yard.settle();

  assert.deepEqual(await matches(yard, "source:store"), []);
  assert.equal((await storeOf(yard))?.freeBytes, 1024 ** 3);
});

test("what is only handed on from device to device is no data of the store", async () => {
  await using yard = await startYard({ gw1: { files: { "a.pcap": "evidence" } }, b1: {} });

  await yard.find({ query: "kind:capture", device: "b1" });
  await yard.pass(10);

  assert.deepEqual(yard.moved, { sent: 8, fetched: 8 });
  assert.deepEqual(await matches(yard, "source:store"), []);
});

test("a copy that a device no longer needs is not taken away for the sake of a file that the centre will forget", async () => {
  await using yard = await startYard({ gw1: { files: { "a.pcap": "evidence" } }, b1: {} });
  await yard.find({ query: "kind:capture", device: "b1", lifetime: 20 });
  await upload(yard, Buffer.from("evidence"), { name: "a.pcap" });
  await yard.pass(10);
  yard.held.get("gw1")?.clear();

  await yard.pass(30);

  assert.deepEqual([...(yard.held.get("b1")?.values() ?? [])], ["evidence"]);
});

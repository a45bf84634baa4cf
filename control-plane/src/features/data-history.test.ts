import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutputOf } from "../platform/action.ts";
import { data } from "./data-catalogue/contract.ts";
import type { dataHistory } from "./data-catalogue/history-contract.ts";
import type { requestHistory } from "./data-orchestrator/contract.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";

const historyOf = async (yard: Yard, id: string, page: object = {}) =>
  (await yard.ask("diml/dml/fmdm/data/history", { id, ...page })) as OutputOf<typeof dataHistory>;
const deedsOf = async (yard: Yard, id: string) =>
  (await historyOf(yard, id)).items.map(({ what }) => what).toReversed();
const dataOn = async (yard: Yard, device: string) =>
  (await yard.store.list(data)).items.find((row) => row.device === device)?.id ?? "";

test("what happened to data is told from when it was found, with who wanted it brought where", async () => {
  await using yard = await startYard({ gw1: { files: { "a.pcap": "evidence" } }, b1: {} });
  const origin = await dataOn(yard, "gw1");

  const { id } = await yard.find({ query: "kind:capture", device: "b1", use: "move" });
  await yard.pass(20);

  const copy = await dataOn(yard, "b1");
  assert.deepEqual(await deedsOf(yard, origin), ["found", "moved", "removed"]);
  assert.deepEqual(await deedsOf(yard, copy), ["found", "placed"]);
  const [placed] = (await historyOf(yard, copy)).items;
  const [instance] = await yard.instances();
  assert.deepEqual([placed?.request, placed?.author, placed?.instance], [id, "user:alice", instance?.id]);
});

test("a change, a loss and a return of data are told each", async () => {
  await using yard = await startYard({ gw1: { files: { "a.log": "one" } } });
  const id = await dataOn(yard, "gw1");

  yard.held.get("gw1")?.set("a.log", "two");
  await yard.pass(2);
  await yard.setPresence("gw1", "offline");
  await yard.pass(2);
  await yard.setPresence("gw1", "online");
  await yard.pass(2);
  yard.held.get("gw1")?.clear();
  await yard.pass(2);

  assert.deepEqual(await deedsOf(yard, id), ["found", "changed", "lost", "back", "removed"]);
});

test("a history is bounded, and read in pages", async () => {
  await using yard = await startYard({ gw1: { files: { "a.log": "0" } } });
  const id = await dataOn(yard, "gw1");
  for (let i = 1; i <= 60; i++) {
    yard.held.get("gw1")?.set("a.log", `${i}`);
    await yard.pass(1);
  }

  const first = await historyOf(yard, id, { limit: 30 });
  const second = await historyOf(yard, id, { limit: 30, cursor: first.next });

  assert.deepEqual([first.items.length, second.items.length, first.total, second.next], [30, 21, 51, undefined]);
  assert.equal(second.items.at(-1)?.what, "found");
  assert.ok([...first.items, ...second.items].every(({ at }, i, all) => i === 0 || at <= (all[i - 1]?.at ?? 0)));
});

test("what happened to a request is told with its reservations and its instances, newest first and in pages, and nothing of others", async () => {
  await using yard = await startYard({ gw1: { files: { "a.pcap": "evidence" } }, b1: {}, b2: {} });
  const historyOfRequest = async (request: string, page: object = {}) =>
    (await yard.ask("diml/dml/do/datarequest/history", { request, ...page })) as OutputOf<typeof requestHistory>;
  const { id } = await yard.find({ query: "kind:capture", device: "b1", lifetime: 20, name: "mine" });
  await yard.find({ query: "kind:capture", device: "b2" });
  await yard.find({ query: "kind:nothing" });
  await yard.pass(60);

  const { items, next } = await historyOfRequest(id);

  assert.deepEqual(items.map(({ type }) => type).toReversed(), [
    "datarequest.needed",
    "datareservation.created",
    "datarequest.selected",
    "datareservation.confirmed",
    "datainstance.placing",
    "datarequest.evaluated",
    "datainstance.ready",
    "datarequest.satisfied",
    "datainstance.removed",
    "datarequest.completed",
  ]);
  assert.equal(next, undefined);
  const pages = [];
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await historyOfRequest("mine", { limit: 3, ...(cursor !== undefined && { cursor }) });
    pages.push(page.items.map(({ number }) => number));
    cursor = page.next;
  }
  assert.deepEqual(
    pages.map((each) => each.length),
    [3, 3, 3, 1],
  );
  assert.deepEqual(
    pages.flat(),
    items.map(({ number }) => number),
  );
  await assert.rejects(historyOfRequest(id, { cursor: "nonsense" }), { type: "invalid-input" });
});

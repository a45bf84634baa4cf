import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutputOf } from "../platform/action.ts";
import type { explainInstance } from "./data-orchestrator/contract.ts";
import { pieceOf } from "./data-orchestrator/explaining.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";

const berlin = { site: "berlin" };
const fleet = { gw1: { files: { "a.pcap": "evidence" } }, b1: berlin };
const moving = { query: "kind:capture", where: "site=berlin", use: "move", lifetime: 60 };

const whyInstance = async (yard: Yard) => {
  const [{ id } = { id: "" }] = await yard.instances();
  return (await yard.ask("diml/dml/do/datainstance/explain", { id })) as OutputOf<typeof explainInstance>;
};

test("explain says of a request that waits which piece is not there, of which device it waits, and each decision", async () => {
  await using yard = await startYard(fleet);
  yard.deaf.add("gw1");
  const { id } = await yard.find(moving);
  await yard.pass(5);

  const { answer, causes, request } = await yard.explain(id);

  assert.equal(request.state, "evaluated");
  assert.match(answer, /^1 of 1 are not there yet: "a\.pcap" on b1 is on its way: /);
  assert.equal(causes[0]?.text, answer);
  assert.match(causes[1]?.text ?? "", /^"a\.pcap" for data: move, confirmed/);
  const instance = await whyInstance(yard);
  assert.match(instance.answer, /^"a\.pcap" on b1 is on its way: a holder sends it here$/);
  assert.equal(
    instance.causes[1]?.text,
    "the device that sends it: the device was sent the command and did not take it yet",
  );
  assert.match(instance.causes[2]?.text ?? "", /which is evaluated$/);
});

test("explain says how often a piece was tried, and when it is tried again", async () => {
  await using yard = await startYard(fleet);
  await yard.setPresence("gw1", "offline");
  await yard.find(moving);
  const [row] = await yard.instances();
  assert.ok(row);
  const names = { device: () => "b1" };
  const { job: _, ...idle } = row;

  const waits = pieceOf({ ...idle, cause: "expired: too late", tries: 2, nextTryAt: 5 }, names);
  const again = pieceOf({ ...row, cause: "its device fetches it", job: "j3", tries: 2, nextTryAt: 5 }, names);

  assert.deepEqual(waits, { text: '"a.pcap" on b1 is on its way: expired: too late (tried 2 times)', until: 5 });
  assert.deepEqual(again, { text: '"a.pcap" on b1 is on its way: its device fetches it (tried 2 times)' });
});

test("explain says of a request that has its data until when it is needed, of its pieces where they stand, and then that it is over", async () => {
  await using yard = await startYard(fleet);
  const { id } = await yard.find(moving);
  await yard.pass(20);

  const had = await yard.explain(id);
  assert.match(had.answer, /^it has its data: 1 stand where they are wanted/);
  assert.equal(had.until, had.request.endsAt);
  assert.match((await whyInstance(yard)).answer, /^"a\.pcap" on b1 stands at \/data\//);
  await yard.pass(70);
  assert.match((await yard.explain(id)).answer, /the time that it was needed for is over$/);
});

test("explain says of a request that failed why, and that it is not tried again", async () => {
  await using yard = await startYard(fleet);

  const { id } = await yard.find({ query: "kind:film" });

  const { answer, until } = await yard.explain(id);
  assert.match(answer, /^it failed, and is not tried again: .*kind:film/);
  assert.equal(until, undefined);
});

test("explain says of a rule whose copies are missing why, and when that is tried again", async () => {
  await using yard = await startYard({ ...fleet, b2: berlin });
  const { id } = await yard.find({ ...moving, use: "copy", copies: 2, keep: true, lifetime: 90_000 });
  await yard.pass(20);
  await yard.setPresence("b2", "offline");
  await yard.advance(16 * 60_000);
  await yard.pass(10);

  const { answer, until, request } = await yard.explain(id);

  assert.equal(request.state, "satisfied");
  assert.match(answer, /^copies are missing: /);
  assert.equal(until, request.nextTryAt);
});

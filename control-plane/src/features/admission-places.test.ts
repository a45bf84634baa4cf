import assert from "node:assert/strict";
import { test } from "node:test";
import { startYard, type Yard } from "./data-yard.test-support.ts";
import { createPolicy } from "./policies/contract.ts";

const fleet = { gw1: { files: { "a.pcap": "evidence" } }, b1: { site: "berlin" }, o1: { site: "oslo" } };
const deny = (yard: Yard, condition: string, over: object = {}) =>
  yard.call(createPolicy, {
    name: "stays",
    condition,
    ...over,
    admission: { actions: ["diml/find"], outcome: "deny", reason: "it stays in berlin" },
  });
const placesOf = (yard: Yard) =>
  [...yard.held].filter(([, files]) => [...files.values()].includes("evidence")).map(([id]) => id);

test("data is brought to no place that a policy denies, and it is told why", async () => {
  await using yard = await startYard(fleet);
  await deny(yard, "true", { selector: "site=oslo" });

  const { id } = await yard.find({ query: "kind:capture", where: "site in (berlin,oslo)", copies: 1 });
  await yard.pass(10);
  assert.deepEqual([(await yard.explain(id)).request.state, placesOf(yard)], ["satisfied", ["gw1", "b1"]]);

  const elsewhere = await yard.find({ query: "kind:capture", where: "site=oslo" });
  await yard.pass(2);
  const { state, reason } = (await yard.explain(elsewhere.id)).request;
  assert.equal(state, "failed");
  assert.match(reason, /the policy "stays" refuses diml\/find on the device "o1": it stays in berlin/);
  assert.deepEqual(placesOf(yard), ["gw1", "b1"]);
});

test("a policy denies one way to use data: what would be moved is not, what is copied is", async () => {
  await using yard = await startYard(fleet);
  await deny(yard, 'input.use == "move"');

  await assert.rejects(
    yard.find({ query: "kind:capture", where: "site=berlin", use: "move" }),
    /the policy "stays" refuses/,
  );
  await yard.find({ query: "kind:capture", where: "site=berlin", use: "copy" });
  await yard.pass(10);
  assert.deepEqual(placesOf(yard), ["gw1", "b1"]);
});

test("a policy is asked about each piece of data where it speaks of one", async () => {
  await using yard = await startYard({
    gw1: { files: { "a.pcap": "evidence", "b.pcap": "more" } },
    b1: { site: "berlin" },
  });
  await deny(yard, "has(input.data) && input.data.bytes > 5.0");

  const { id } = await yard.find({ query: "size < 6", where: "site=berlin" });
  const refused = await yard.find({ query: "size > 6", where: "site=berlin" });
  await yard.pass(10);

  const states = await Promise.all([id, refused.id].map(async (each) => (await yard.explain(each)).request.state));
  assert.deepEqual(states, ["satisfied", "failed"]);
  assert.deepEqual(placesOf(yard), ["gw1"]);
});

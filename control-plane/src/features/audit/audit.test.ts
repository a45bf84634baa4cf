import assert from "node:assert/strict";
import { test } from "node:test";
import { auditTable, idOf } from "../../platform/audit.ts";
import { auditHeads } from "../../platform/audit-heads.ts";
import { created, moved, put, removed } from "../../platform/change.ts";
import { aParcel, parcel } from "../../platform/sample-resource.test-support.ts";
import { startAuditing } from "./audit.test-support.ts";
import * as contract from "./contract.ts";

test("what is written down is copied, and signed in both places", async () => {
  await using core = await startAuditing();
  await core.record("a");
  await core.record("b");

  await core.comesRound();

  assert.deepEqual(await core.copied(), ["a", "b", "head 2 of 1"]);
  const { items } = await core.store.list(auditHeads);
  assert.deepEqual(
    items.map(({ number, generation }) => [number, generation]),
    [[2, 1]],
  );
  assert.deepEqual(await core.call(contract.verifyAudit, {}), {
    whole: true,
    checked: 2,
    entries: 2,
    heads: 2,
    compared: 2,
    witnesses: 0,
    faults: [],
  });
});

test("a log that was changed is told by its check, with the entry and the way", async () => {
  await using core = await startAuditing();
  for (const each of ["a", "b", "c"]) await core.record(each);
  await core.comesRound();
  const second = await core.store.get(auditTable, idOf(2));
  assert.ok(second);
  await core.store.commit(put(auditTable, { ...second, actor: "user:mallory" }));

  const { whole, faults } = await core.call(contract.verifyAudit, {});

  assert.equal(whole, false);
  assert.deepEqual(
    faults.map(({ entry, place, kind }) => [entry, place, kind]),
    [[2, "store", "altered"]],
  );
});

test("a log whose end was cut off is copied no further, and that is noticed by itself", async () => {
  await using core = await startAuditing();
  await core.record("a");
  await core.record("b");
  await core.comesRound();
  await core.store.commit(removed(auditTable, idOf(2)));

  await core.comesRound();

  assert.equal(core.copy.isContradicted, true);
  assert.deepEqual(await core.copied(), ["a", "b", "head 2 of 1"]);
});

test("who loses a right by any means, or gets it back, is written down once", async () => {
  await using core = await startAuditing();
  await core.store.commit(created(parcel, "p1", aParcel()));
  const row = async () => (await core.store.get(parcel, "p1"))!;
  await core.store.commit(moved(parcel, await row(), "send"));
  await core.store.commit(moved(parcel, await row(), "lose"));

  await core.comesRound();

  const { items } = await core.call(contract.listAudit, { object: "parcel:p1" });
  assert.deepEqual(
    items.map(({ actor, action, decision, state }) => [actor, action, decision, state]),
    [
      ["system", "parcel.lost", "done", "lost"],
      ["system", "parcel.sent", "done", "sent"],
    ],
  );
  assert.match(items[0]?.after?.[0] ?? "", /^[0-9a-f]{64}$/);
});

const filters: readonly (readonly [string, object, readonly string[]])[] = [
  ["nothing", {}, ["c", "b", "a"]],
  ["an actor", { actor: "user:bob" }, ["b"]],
  ["an address", { action: "shop/order" }, ["b", "a"]],
  ["all below an address", { action: "shop/*" }, ["c", "b", "a"]],
  ["an object", { object: "book:1" }, ["c"]],
  ["a decision", { decision: "denied" }, ["c"]],
  ["a time", { from: 1_000, to: 1_999 }, ["b"]],
];
for (const [what, wanted, expected] of filters) {
  test(`the log is read by ${what}`, async () => {
    await using core = await startAuditing();
    const draft = { via: "rest", input: {} } as const;
    const start = core.clock.now();
    const order = { ...draft, action: "shop/order", decision: "allowed" } as const;
    await core.write({ ...order, actor: "user:alice", requestId: "a" });
    await core.clock.advance(1_000);
    await core.write({ ...order, actor: "user:bob", requestId: "b" });
    await core.clock.advance(1_000);
    const denied = { ...draft, action: "shop/close", decision: "denied", objects: ["book:1"] } as const;
    await core.write({ ...denied, actor: "user:alice", requestId: "c" });
    const shifted = Object.fromEntries(
      Object.entries(wanted).map(([name, value]) => [
        name,
        typeof value === "number" ? start + value : (value as unknown),
      ]),
    );

    const { items } = await core.call(contract.listAudit, shifted);

    assert.deepEqual(
      items.map(({ requestId }) => requestId),
      expected,
    );
  });
}

test("an export has every entry and head in parts, and is an entry itself", async () => {
  await using core = await startAuditing();
  for (const each of ["a", "b", "c"]) await core.record(each);
  await core.comesRound();

  const first = await core.call(contract.exportAudit, { limit: 2 });
  const second = await core.call(contract.exportAudit, { after: first.next ?? 0, limit: 2 });

  assert.deepEqual(
    [first, second].map(({ entries, heads }) => [
      entries.map(({ id }) => Number(id)),
      heads.map(({ number }) => number),
    ]),
    [
      [[1, 2], []],
      [[3, 4], [3]],
    ],
  );
  assert.equal(second.entries[1]?.action, "ia/audit/export");
  assert.match(first.publicKey, /^-----BEGIN PUBLIC KEY/);
});

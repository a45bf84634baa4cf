import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import { Audit, auditTable, canonical, type AuditDraft } from "./audit.ts";
import { checkAudit } from "./audit-check.ts";
import { put, removed } from "./change.ts";
import type { Database } from "./database.ts";
import { keptDatabase } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const aDraft = (over: Partial<AuditDraft> = {}): AuditDraft => ({
  actor: "user:alice",
  via: "rest",
  action: "cpl/dm/retire",
  decision: "allowed",
  requestId: "r1",
  input: { id: "d1" },
  ...over,
});
const clock = new ManualClock();
async function anAudit(database: Database = keptDatabase()) {
  const store = await Store.open(database, clock);
  return {
    store,
    audit: new Audit(store, () => clock.now()),
    entries: async () => (await store.list(auditTable)).items,
  };
}
const firstFault = async (store: Store) => {
  const [fault] = (await checkAudit({ store })).faults;
  return fault && [fault.entry, fault.kind];
};
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("an entry says who was allowed or refused what, when, and by which road; of the input it keeps a hash", async () => {
  const { audit, entries } = await anAudit();

  await audit.record(aDraft({ decision: "denied" }));

  const [{ hash, ...entry } = { hash: "" }] = await entries();
  assert.deepEqual(entry, {
    id: "0000000000000001",
    at: clock.now(),
    actor: "user:alice",
    via: "rest",
    action: "cpl/dm/retire",
    decision: "denied",
    requestId: "r1",
    inputHash: sha256('{"id":"d1"}'),
    previous: "0".repeat(64),
  });
  assert.equal(hash, sha256(canonical(entry)));
});

test("each entry carries the hash of the one before, also of those that are recorded at once", async () => {
  const { store, audit, entries } = await anAudit();

  await Promise.all(["a", "b", "c", "d"].map((requestId) => audit.record(aDraft({ requestId }))));

  const all = await entries();
  assert.deepEqual(
    all.map(({ requestId }) => requestId),
    ["a", "b", "c", "d"],
  );
  assert.deepEqual(
    all.slice(1).map(({ previous }) => previous),
    all.slice(0, -1).map(({ hash }) => hash),
  );
  assert.equal(await firstFault(store), undefined);
});

test("after a restart the chain goes on where it ended", async () => {
  const database = keptDatabase();
  await (await anAudit(database)).audit.record(aDraft());

  const { store, audit, entries } = await anAudit(database);
  await audit.record(aDraft());

  assert.deepEqual(
    (await entries()).map(({ id }) => Number(id)),
    [1, 2],
  );
  assert.equal(await firstFault(store), undefined);
});

async function threeEntries() {
  const { store, audit, entries } = await anAudit();
  for (const requestId of ["a", "b", "c"]) await audit.record(aDraft({ requestId }));
  const [first, second, third] = await entries();
  assert.ok(first && second && third);
  return { store, first, second, third };
}

test("an entry that was changed afterwards is found", async () => {
  const { store, second } = await threeEntries();

  await store.commit(put(auditTable, { ...second, actor: "user:mallory" }));

  assert.deepEqual(await firstFault(store), [2, "altered"]);
});

test("an entry that was changed together with its hash is found by the next one", async () => {
  const { store, second } = await threeEntries();
  const { hash: _, ...body } = { ...second, decision: "denied" as const };

  await store.commit(put(auditTable, { ...body, hash: sha256(canonical(body)) }));

  assert.deepEqual(await firstFault(store), [3, "unlinked"]);
});

test("an entry that was taken out is missed", async () => {
  const { store, first } = await threeEntries();

  await store.commit(removed(auditTable, first.id));

  assert.deepEqual(await firstFault(store), [1, "deleted"]);
});

test("an entry that cannot be written is a failure of whoever waits for it, and the next one follows the last that was", async () => {
  const { store, audit, entries } = await anAudit();
  await audit.record(aDraft({ requestId: "a" }));

  await assert.rejects(audit.record(aDraft({ requestId: "b", input: 1n })), TypeError);
  await audit.record(aDraft({ requestId: "c" }));

  assert.deepEqual(
    (await entries()).map(({ id, requestId }) => [Number(id), requestId]),
    [
      [1, "a"],
      [2, "c"],
    ],
  );
  assert.equal(await firstFault(store), undefined);
});

test("an empty chain is whole", async () => {
  assert.equal(await firstFault((await anAudit()).store), undefined);
});

const sameContent = [
  [{ b: 1, a: { d: [1, { f: 1, e: 2 }], c: null } }, '{"a":{"c":null,"d":[1,{"e":2,"f":1}]},"b":1}'],
  [{ b: undefined, a: 1 }, '{"a":1}'],
  [[2, 1], "[2,1]"],
  [undefined, "null"],
  ["text", '"text"'],
] as const;
for (const [value, expected] of sameContent) {
  test(`${expected} is the canonical text of what has this content, whatever the order of its fields`, () => {
    assert.equal(canonical(value), expected);
  });
}

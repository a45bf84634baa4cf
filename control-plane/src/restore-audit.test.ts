import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedDisk, ManualClock } from "@edgemere/protocol/simulated";
import { Audit, auditTable, idOf } from "./platform/audit.ts";
import { checkAudit } from "./platform/audit-check.ts";
import { AuditCopy } from "./platform/audit-copy.ts";
import { created, moved } from "./platform/change.ts";
import { memoryDatabase } from "./platform/database.ts";
import { aParcel, parcel } from "./platform/sample-resource.test-support.ts";
import { Store } from "./platform/store.ts";
import { carryOver } from "./restore-audit.ts";

const clock = new ManualClock();

/** A store with one parcel and two entries, as a backup has it. */
async function theBackup() {
  const store = await Store.open(memoryDatabase(), clock);
  const audit = new Audit(store, () => clock.now());
  await store.commit(created(parcel, "p1", aParcel()), created(parcel, "p2", aParcel()));
  const record = (over: object = {}) =>
    audit.record({ actor: "a", via: "rest", action: "x/y", decision: "allowed", requestId: "r", input: {}, ...over });
  await record();
  await record();
  return { store, record, entries: async () => (await store.list(auditTable)).items };
}

/** What went on after it: the copy of a log that has the backup's entries and those of the given drafts. */
async function theCopy(...drafts: readonly object[]) {
  const { entries, record } = await theBackup();
  for (const each of drafts) await record(each);
  const copy = new AuditCopy(new SimulatedDisk());
  await copy.append((await entries()).map((entry) => ({ entry })));
  return copy;
}
const right = (id: string, state: string) => ({ decision: "done", objects: [`parcel:${id}`], state });
const restored = async (copy: AuditCopy) => {
  const { store } = await theBackup();
  return { store, carried: await carryOver({ store, copy, resources: [parcel], generation: 2, now: clock.now() }) };
};

test("what the copy has beyond the backup goes into the log, which goes on from there", async () => {
  const copy = await theCopy({ requestId: "after" });

  const { store, carried } = await restored(copy);

  assert.deepEqual(carried, { entries: 1, revoked: [] });
  const { items } = await store.list(auditTable);
  assert.deepEqual(
    items.map(({ requestId }) => requestId),
    ["r", "r", "after", "generation-2"],
  );
  assert.deepEqual((await checkAudit({ store, copy })).faults, []);
});

test("a right that was taken away after the backup is taken away again, and the news of it told", async () => {
  const { store, carried } = await restored(await theCopy(right("p1", "lost")));

  assert.deepEqual(carried.revoked, ["parcel:p1 lost"]);
  assert.equal((await store.get(parcel, "p1"))?.state, "lost");
  assert.equal((await store.get(parcel, "p2"))?.state, "packed");
  assert.deepEqual(
    (await store.events(4)).map(({ type }) => type),
    ["parcel.updated", "parcel.lost"],
  );
});

test("a right that was taken away and given back stays as the backup has it", async () => {
  const { store, carried } = await restored(await theCopy(right("p1", "lost"), right("p1", "packed")));

  assert.deepEqual(carried.revoked, []);
  assert.equal((await store.get(parcel, "p1"))?.state, "packed");
});

test("who was revoked and is not in the backup needs no revoking", async () => {
  const { carried } = await restored(await theCopy(right("p9", "lost"), right("p1", "sent")));

  assert.deepEqual(carried.revoked, []);
});

test("of a copy that does not fit only what follows is taken, and the rest is told", async () => {
  const other = new AuditCopy(new SimulatedDisk());
  const { entries, record, store } = await theBackup();
  await store.commit(moved(parcel, (await store.get(parcel, "p1"))!, "send"));
  await record({ requestId: "of another" });
  const [, , third] = await entries();
  await other.append((await entries()).slice(0, 2).map((entry) => ({ entry })));
  const forged = { ...third!, requestId: "forged" };

  const { carried } = await restored({
    async *lines(after?: number) {
      yield* other.lines(after);
      yield { entry: forged };
    },
  } as AuditCopy);

  assert.deepEqual(carried, { entries: 0, revoked: [], misfit: "its entry 3 does not follow entry 2" });
});

test("without a copy the log goes on from the backup", async () => {
  const { store, carried } = await restored(new AuditCopy(new SimulatedDisk()));

  assert.deepEqual(carried, { entries: 0, revoked: [] });
  assert.equal((await store.get(auditTable, idOf(3)))?.action, "restore");
});

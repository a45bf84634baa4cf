import assert from "node:assert/strict";
import { test } from "node:test";
import { Conflict, created, destroyed, moved, put, putBytes, removed, replaced, telling, updated } from "./change.ts";
import { Problem } from "./problem.ts";
import { aParcel, notes, parcel, type Parcel } from "./sample-resource.test-support.ts";

const row: Parcel = { ...aParcel(), id: "p1", state: "packed", version: 3, createdAt: 1, updatedAt: 2 };
const summary = ({ writes }: ReturnType<typeof put>) =>
  writes.map(({ id, basedOn, events }) => ({ id, basedOn, events: events.map(({ type }) => type) }));

test("a new row is in the first state, of version 1, and news twice: that it is, and in what state", () => {
  const change = created(parcel, "p1", aParcel());

  assert.deepEqual(summary(change), [{ id: "p1", basedOn: 0, events: ["parcel.create", "parcel.packed"] }]);
  assert.deepEqual(change.writes[0]?.row, { ...aParcel(), id: "p1", version: 1, state: "packed" });
});

test("a new row may begin in another state", () => {
  assert.deepEqual(summary(created(parcel, "p1", aParcel(), "sent"))[0]?.events, ["parcel.create", "parcel.sent"]);
});

test("a row that moves has one version more and tells of its new state", () => {
  const change = moved(parcel, row, "send", { weight: 2 });

  assert.deepEqual(summary(change), [{ id: "p1", basedOn: 3, events: ["parcel.updated", "parcel.sent"] }]);
  assert.deepEqual(change.writes[0]?.row, { ...row, weight: 2, state: "sent", version: 4 });
});

test("a row cannot move by a signal that its state does not take", () => {
  assert.throws(() => moved(parcel, row, "deliver"), {
    name: "IllegalTransition",
    message: "a parcel that is packed cannot deliver: only one that is sent can",
  });
});

test("a row whose fields change tells so, and what else there is to tell", () => {
  const change = updated(parcel, row, { weight: 2 }, "weighed");

  assert.deepEqual(summary(change), [{ id: "p1", basedOn: 3, events: ["parcel.updated", "parcel.weighed"] }]);
  assert.deepEqual(change.writes[0]?.row, { ...row, weight: 2, version: 4 });
});

test("a row that is destroyed leaves nothing but the news of it", () => {
  const change = destroyed(parcel, row);

  assert.deepEqual(summary(change), [{ id: "p1", basedOn: 3, events: ["parcel.destroy"] }]);
  assert.equal(change.writes[0]?.row, undefined);
});

test("rows of a plain table change without news, whatever they are based on, or on a version if they count them", () => {
  const counted = { ...notes, name: "counted" } as unknown as Parameters<typeof replaced>[0];

  assert.deepEqual(summary(put(notes, { id: "n1", text: "x" })), [{ id: "n1", basedOn: undefined, events: [] }]);
  assert.deepEqual(summary(removed(notes, "n1")), [{ id: "n1", basedOn: undefined, events: [] }]);
  assert.deepEqual(summary(replaced(counted, { id: "n1", version: 2 }, 1)), [{ id: "n1", basedOn: 1, events: [] }]);
});

test("bytes have a key of their own and no row", () => {
  assert.deepEqual(putBytes("k", new Uint8Array([1])), {
    writes: [],
    bytes: [{ key: "k", bytes: new Uint8Array([1]) }],
    appended: [],
  });
});

test("news with more to tell of a row goes with a note of it, and the row stays as it is and its secrets untold", () => {
  const note = { id: "p1", text: "told" };
  const change = telling({ resource: parcel, row, more: { late: true }, news: "weighed" }, notes, note);

  const [write] = change.writes;
  const { combination: _, ...open } = row;
  assert.equal(change.writes.length, 1);
  assert.deepEqual(write?.row, note);
  assert.deepEqual(write.events, [{ type: "parcel.weighed", subject: "p1" }]);
  assert.deepEqual(write.told, { ...open, late: true });
});

test("a conflict is a problem that a caller may be shown", () => {
  const conflict = new Conflict("it moved");

  assert.ok(conflict instanceof Problem);
  assert.deepEqual([conflict.type, conflict.message], ["conflict", "it moved"]);
});

test("a misspelt field, signal or piece of news does not compile", () => {
  // @ts-expect-error: weight is a number
  created(parcel, "p1", aParcel({ weight: "heavy" }));
  // @ts-expect-error: there is no signal "sned"
  assert.throws(() => moved(parcel, row, "sned"), { name: "IllegalTransition" });
  // @ts-expect-error: there is no news "wieghed"
  updated(parcel, row, {}, "wieghed");
  // @ts-expect-error: there is no field "wieght"
  updated(parcel, row, { wieght: 1 });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import { ANYONE, may } from "./caller.ts";
import { Conflict, created, moved } from "./change.ts";
import { matchesType } from "./domain-event.ts";
import { pageOf, pageOfMatches, pageWithin } from "./pages.ts";
import { Problem, problems } from "./problem.ts";
import { resolve } from "./reference.ts";
import { repeatOnConflict } from "./repeat.ts";
import type { Reach } from "./scopes.ts";
import { aParcel, keptDatabase, parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

async function aStore() {
  const store = await Store.open(keptDatabase(), new ManualClock());
  const names = { p1: "one", p2: "twin", p3: "twin", p4: "p1" };
  await store.commit(...Object.entries(names).map(([id, name]) => created(parcel, id, aParcel({ name }))));
  return store;
}

test("a row is found by its id, else by its name if only one has it", async () => {
  const store = await aStore();

  assert.equal((await resolve(store, parcel, "p2")).id, "p2");
  assert.equal((await resolve(store, parcel, "one")).id, "p1");
});

test("an id wins over the same word as a name", async () => {
  assert.equal((await resolve(await aStore(), parcel, "p1")).name, "one");
});

test("a word that is nobody's, and a name that is two's, are refused with what to do", async () => {
  const store = await aStore();

  await assert.rejects(resolve(store, parcel, "three"), { type: "not-found", message: 'there is no parcel "three"' });
  await assert.rejects(resolve(store, parcel, "twin"), {
    type: "conflict",
    message: /more than one parcel; use the id/,
  });
});

async function* walked(...rows: readonly number[]) {
  for (const row of rows) yield { row, cursor: `at ${row}` };
}
const isEven = (row: number) => row % 2 === 0;

test("a page of matches ends at the first match that has no room, and at the end of the walk", async () => {
  assert.deepEqual(await pageOfMatches(walked(1, 2, 3, 4, 5, 6), isEven, 2), { items: [2, 4], next: "at 6" });
  assert.deepEqual(await pageOfMatches(walked(1, 2, 3, 4, 5), isEven, 2), { items: [2, 4] });
  assert.deepEqual(await pageOfMatches(walked(), isEven, 2), { items: [] });
});

test("a page of some states goes on where it ended, has no row in another, and none of what the caller may not see", async () => {
  const store = await aStore();
  for (const id of ["p1", "p3"]) {
    const row = await store.get(parcel, id);
    if (row) await store.commit(moved(parcel, row, "send"));
  }
  const ids = ({ items }: { readonly items: readonly { readonly id: string }[] }) => items.map(({ id }) => id);
  const everywhere = { isEverywhere: true, coversOwned: () => true } as unknown as Reach;
  const notP3 = {
    isEverywhere: false,
    coversOwned: (_: unknown, { id }: { id: string }) => id !== "p3",
  } as unknown as Reach;

  const first = await pageOf(store, parcel, { states: ["sent", "lost"], limit: 1 });
  const { next: cursor } = first;
  assert.deepEqual(
    [ids(first), ids(await pageOf(store, parcel, { states: ["sent"], limit: 1, cursor }))],
    [["p1"], ["p3"]],
  );
  assert.deepEqual(ids(await pageOf(store, parcel, { limit: 9 })), ["p1", "p2", "p3", "p4"]);
  assert.deepEqual(ids(await pageWithin(store, parcel, everywhere, { states: ["packed"], limit: 9 })), ["p2", "p4"]);
  assert.deepEqual(ids(await pageWithin(store, parcel, notP3, { states: ["sent"], limit: 9 })), ["p1"]);
});

const patterns = [
  ["*", "device.online", true],
  ["device.*", "device.online", true],
  ["device.online", "device.online", true],
  ["device.*", "devices.online", false],
  ["device.*", "device", false],
  ["device", "device.online", false],
  ["dev*", "device.online", false],
  ["", "device.online", false],
] as const;
for (const [pattern, type, expected] of patterns) {
  test(`the pattern "${pattern}" ${expected ? "stands" : "does not stand"} for ${type}`, () => {
    assert.equal(matchesType(pattern, type), expected);
  });
}

const rights = [
  [["*"], "device:read", true],
  [["device:*"], "device:read", true],
  [["device:read"], "device:read", true],
  [["device:read"], "device:write", false],
  [["device:*"], "devices:read", false],
  [["device:"], "device:read", false],
  [[], "device:read", false],
  [[], ANYONE, true],
] as const;
for (const [permissions, permission, expected] of rights) {
  test(`who holds [${permissions.join()}] ${expected ? "may" : "may not"} ${permission}`, () => {
    assert.equal(may({ permissions }, permission), expected);
  });
}

test("who lost a race looks again until it is won; any other error is not repeated", async () => {
  let looks = 0;
  const won = await repeatOnConflict(async () => {
    if (++looks < 4) throw new Conflict("it moved");
    return "won";
  });

  assert.deepEqual([won, looks], ["won", 4]);
  let others = 0;
  const failing = () => repeatOnConflict(() => Promise.reject(new Error(`failure ${++others}`)));
  await assert.rejects(failing, /failure 1/);
});

test("who never wins gives up after a hundred looks", async () => {
  let looks = 0;

  await assert.rejects(
    repeatOnConflict(() => {
      looks++;
      return Promise.reject(new Conflict("it moved"));
    }),
    { name: "Conflict" },
  );
  assert.equal(looks, 100);
});

test("a problem crosses a face as RFC 9457 says, with its errors and its request", () => {
  const errors = [{ pointer: "/name", detail: '"name" is required' }];
  const cause = new Error("inside");

  assert.deepEqual(new Problem("invalid-input", "wrong", { errors, cause }).toDocument("r1"), {
    type: "/problems/invalid-input",
    title: "The input is not valid",
    status: 400,
    detail: "wrong",
    errors,
    requestId: "r1",
  });
  assert.deepEqual(Object.keys(new Problem("internal", "wrong").toDocument()), ["type", "title", "status", "detail"]);
});

for (const [type, { status, exitCode }] of Object.entries(problems)) {
  test(`the problem ${type} has an HTTP status of an error and an exit code of a failure`, () => {
    assert.ok(status >= 400 && status < 600);
    assert.ok(exitCode > 0 && exitCode < 126);
  });
}

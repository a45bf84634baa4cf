import assert from "node:assert/strict";
import { test } from "node:test";
import { Remembered } from "./remembered.ts";

test("who was met longest ago makes room, unless it may not go", () => {
  const remembered = new Remembered<{ readonly isHeld: boolean }>(2, ({ isHeld }) => !isHeld);
  remembered.of("held", () => ({ isHeld: true }));
  remembered.of("old", () => ({ isHeld: false }));

  remembered.of("new", () => ({ isHeld: false }));

  assert.deepEqual(
    ["held", "old", "new"].filter((peer) => remembered.find(peer) !== undefined),
    ["held", "new"],
  );
});

test("who is remembered keeps what it has, until it is forgotten", () => {
  const remembered = new Remembered<number>(2);

  assert.equal(
    remembered.of("one", () => 1),
    1,
  );
  assert.equal(
    remembered.of("one", () => 2),
    1,
  );
  remembered.forget("one");
  assert.equal(
    remembered.of("one", () => 3),
    3,
  );
});

test("where none may go, all are remembered", () => {
  const remembered = new Remembered<number>(1, () => false);

  for (const peer of ["one", "two", "three"]) remembered.of(peer, () => 1);

  assert.deepEqual(
    ["one", "two", "three"].map((peer) => remembered.find(peer)),
    [1, 1, 1],
  );
});

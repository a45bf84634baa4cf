import assert from "node:assert/strict";
import { test } from "node:test";
import { MountDoor, rangeIn } from "./mount-door.ts";

const small = Buffer.from("a few words");

test("who does not know the secret of the door hears no name and no byte", async (t) => {
  const files = new Map([["a", { sha256: "of a", bytes: small.length }]]);
  const door = new MountDoor({
    files,
    async *read(_, from, to) {
      yield small.subarray(from, to);
    },
  });
  t.after(() => door[Symbol.asyncDispose]());
  const address = await door.start();
  const ask = async (path: string, headers: Record<string, string>, method = "GET") => {
    const answer = await fetch(`${address}${path}`, { method, headers });
    return [answer.status, await answer.text()];
  };
  const known = { authorization: door.authorization };

  for (const authorization of [undefined, "", "Bearer ", `${door.authorization}x`, door.authorization.toLowerCase()])
    for (const path of ["", "a"])
      assert.deepEqual(await ask(path, authorization === undefined ? {} : { authorization }), [401, ""]);
  assert.deepEqual(await ask("a", known), [200, "a few words"]);
  assert.deepEqual(await ask("a", { ...known, range: "bytes=2-4" }), [206, "few"]);
  assert.deepEqual(await ask("../../etc/passwd", known), [404, ""]);
  assert.deepEqual(await ask("%E0%A4%A", known), [404, ""]);
  assert.deepEqual(await ask("a", known, "PUT"), [405, ""]);
});

for (const [said, range] of [
  [undefined, { from: 0, to: 10 }],
  ["bytes=0-", { from: 0, to: 10 }],
  ["bytes=2-4", { from: 2, to: 5 }],
  ["bytes=2-99", { from: 2, to: 10 }],
  ["bytes=10-", undefined],
  ["bytes=4-2", undefined],
  ["bytes=-3", undefined],
  ["bytes=0-1,3-4", undefined],
  ["nonsense", undefined],
] as const)
  test(`the range ${said ?? "that is none"} of ten bytes is ${range === undefined ? "refused" : `from ${range.from} to ${range.to}`}`, () => {
    assert.deepEqual(rangeIn(said, 10), range);
  });

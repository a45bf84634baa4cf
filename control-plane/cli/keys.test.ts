import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Keys } from "./keys.ts";

const take = (...typed: readonly string[]) => {
  const keys = new Keys();
  const taken = typed.map((each) => keys.take(each));
  return { text: taken.map(({ text }) => text).join(""), leaves: taken.some(({ leaves }) => leaves) };
};

test("~. leaves at the start of a line, however it is cut, and types nothing of itself", () => {
  assert.deepEqual(take("~."), { text: "", leaves: true });
  assert.deepEqual(take("ls\r~", "."), { text: "ls\r", leaves: true });
});

test("~ is itself within a line, before another key, and when it is typed twice", () => {
  assert.deepEqual(take("cd ~.\r"), { text: "cd ~.\r", leaves: false });
  assert.deepEqual(take("~/bin/x\r"), { text: "~/bin/x\r", leaves: false });
  assert.deepEqual(take("~~.\r"), { text: "~.\r", leaves: false });
});

test("what holds no ~ is typed as it is, however it is cut", () => {
  const pieces = fc.array(fc.string().map((text) => text.replaceAll("~", "")));
  fc.assert(fc.property(pieces, (typed) => assert.deepEqual(take(...typed), { text: typed.join(""), leaves: false })));
});

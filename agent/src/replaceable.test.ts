import assert from "node:assert/strict";
import { test } from "node:test";
import { Replaceable } from "./replaceable.ts";

function someDuties() {
  const happened: string[] = [];
  const duty = (name: string) => ({
    start: () => void happened.push(`${name} starts`),
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve();
      happened.push(`${name} ends`);
    },
  });
  return { happened, duty };
}

test("a duty that is replaced ends before the next one starts, however soon the one after comes", async () => {
  const { happened, duty } = someDuties();
  const replaceable = new Replaceable(duty("a"));
  replaceable.start();

  await Promise.all([replaceable.replace(duty("b")), replaceable.replace(duty("c"))]);

  assert.deepEqual(happened, ["a starts", "a ends", "b starts", "b ends", "c starts"]);
});

test("a duty that is replaced before the start does not start, and one that comes after the end does neither", async () => {
  const { happened, duty } = someDuties();
  const replaceable = new Replaceable(duty("a"));
  await replaceable.replace(duty("b"));
  await replaceable[Symbol.asyncDispose]();

  await replaceable.replace(duty("c"));

  assert.deepEqual(happened, ["a ends", "b ends", "c ends"]);
});

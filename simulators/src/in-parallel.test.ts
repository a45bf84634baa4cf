import assert from "node:assert/strict";
import test from "node:test";
import { drain } from "@edgemere/protocol/simulated";
import { inParallel } from "./in-parallel.ts";

test("no more are at work than may be, and all get their turn", async () => {
  const done: number[] = [];
  let atWork = 0;
  let most = 0;
  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++atWork);
    await drain();
    atWork--;
    done.push(item);
  });

  assert.equal(most, 2);
  assert.deepEqual(done, [1, 2, 3, 4, 5]);
});

test("after a failure nothing new is begun, and what ran is waited for", async () => {
  const ended: number[] = [];
  const work = inParallel([1, 2, 3, 4], 2, async (item) => {
    if (item === 1) throw new Error("one failed");
    await drain();
    ended.push(item);
  });

  await assert.rejects(work, /one failed/);
  assert.deepEqual(ended, [2]);
});

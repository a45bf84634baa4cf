import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AlreadyRunning, lockFolder, ownerOfFolder } from "./lock.ts";

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "edgemere-lock-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a folder has one owner at a time, and none when it was given back", async (t) => {
  const folder = aFolder(t);

  const first = await lockFolder(folder);
  await assert.rejects(lockFolder(folder), AlreadyRunning);
  const owner = await ownerOfFolder(folder);
  await first[Symbol.asyncDispose]();

  assert.equal(owner, process.pid);
  assert.equal(await ownerOfFolder(folder), undefined);
  assert.deepEqual(readdirSync(folder), []);
});

test("of many that come at the same moment at most one gets the folder", async (t) => {
  const folder = aFolder(t);

  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));

  const winners = outcomes.filter(({ status }) => status === "fulfilled");
  assert.ok(winners.length <= 1);
});

test("what a process that died has left behind stands in nobody's way", async (t) => {
  const folder = aFolder(t);
  writeFileSync(join(folder, "lock.7"), JSON.stringify({ pid: process.pid, birth: "another boot/123" }));
  writeFileSync(join(folder, "lock.8"), "cut sho");

  await using _ = await lockFolder(folder);

  assert.deepEqual(readdirSync(folder), ["lock.9"]);
});

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { nodeDisk } from "@edgemere/protocol/kit";
import { explain } from "./explain.ts";
import { aFolder } from "./platform/database.test-support.ts";
import { DamagedBackup } from "./platform/backup-format.ts";

const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => assert.fail("it was done"),
    (error: unknown) => error,
  );

test("what a person did wrong is told without a stack", () => {
  assert.equal(explain(new DamagedBackup("it is short")), "the backup cannot be read: it is short; take another one");
});

test("a place that cannot be a folder is named, with what helps", async (t) => {
  const file = join(aFolder(t), "file");
  await writeFile(file, "");

  const message = explain(await refusalOf(nodeDisk(join(file, "data")).space()));

  assert.match(message, /^ENOTDIR: .*file\/data'?: something else is where a folder should be: choose another place$/);
});

test("what we did wrong ourselves comes with its stack", () => {
  assert.match(explain(new TypeError("not a function")), /TypeError: not a function\n +at /);
});

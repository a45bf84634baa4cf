import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { recordingFolder } from "./recording-folder.ts";

test("what is recorded goes to a directory that is the agent's alone, and is made for it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-recording-"));
  t.after(() => rm(folder, { recursive: true, force: true }));

  const disk = await recordingFolder(join(folder, "a", "ups"));
  await disk.write("one", Buffer.from("content"));

  assert.equal(await readFile(join(folder, "a", "ups", "one"), "utf8"), "content");
  assert.equal((await stat(join(folder, "a", "ups"))).mode & 0o777, 0o700);
});

test("nothing is recorded where others could write", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-recording-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o777);

  await assert.rejects(recordingFolder(folder), /can be written by its group or by others, .*: chmod go-w/);
  await assert.rejects(recordingFolder(join(folder, "\0")), /cannot be used/);
});

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import type { HostError } from "../host.ts";
import { capacity, hashFile, listFiles } from "./files.ts";

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "edgemere-files-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: HostError) => error.reason,
  );

test("regular files are found at every depth, in order, with size and time", async () => {
  await using root = await folder();
  await mkdir(join(root.path, "b/deep"), { recursive: true });
  await writeFile(join(root.path, "b/deep/two"), "22");
  await writeFile(join(root.path, "a"), "1");

  const files = await listFiles(root.path);

  assert.deepEqual(
    files.map(({ name, bytes }) => ({ name, bytes })),
    [
      { name: "a", bytes: 1 },
      { name: "b/deep/two", bytes: 2 },
    ],
  );
  assert.ok(files.every((file) => Number.isSafeInteger(file.modifiedAt) && file.modifiedAt > 0));
});

test("links are not followed, neither to a file nor to a folder", async () => {
  await using root = await folder();
  await symlink("/etc/passwd", join(root.path, "file"));
  await symlink("/etc", join(root.path, "folder"));
  await symlink(root.path, join(root.path, "loop"));

  assert.deepEqual(await listFiles(root.path), []);
  assert.equal(await reasonOf(hashFile(root.path, "file")), "not-found");
  assert.equal(await reasonOf(hashFile(root.path, "folder/passwd")), "not-found");
});

test("a hash is the SHA-256 of the bytes", async () => {
  await using root = await folder();
  await writeFile(join(root.path, "abc"), "abc");

  assert.equal(await hashFile(root.path, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("no name leads out of the directory", async () => {
  await using root = await folder();
  const names = ["../x", "/etc/passwd", "a/../../x", "", ".", "a//b", "a\0b"];

  const reasons = await Promise.all(names.map((name) => reasonOf(hashFile(root.path, name))));

  assert.deepEqual(new Set(reasons), new Set(["not-allowed"]));
});

test("what is no regular file has no hash", async () => {
  await using root = await folder();
  await mkdir(join(root.path, "sub"));

  assert.equal(await reasonOf(hashFile(root.path, "sub")), "not-found");
  assert.equal(await reasonOf(hashFile(root.path, "absent")), "not-found");
});

test("a directory that does not exist or is a file is refused with its name", async () => {
  await using root = await folder();
  await writeFile(join(root.path, "file"), "");

  await assert.rejects(listFiles(join(root.path, "absent")), /absent does not exist/);
  await assert.rejects(listFiles(join(root.path, "file")), /file is a link or not what its name says/);
});

test("a directory knows how much of its file system is left", async () => {
  await using root = await folder();
  const { totalBytes, freeBytes } = await capacity(root.path);

  assert.ok(totalBytes > 0 && freeBytes > 0 && freeBytes < totalBytes);
});

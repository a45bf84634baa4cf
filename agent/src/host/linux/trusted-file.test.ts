import assert from "node:assert/strict";
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { trustedFile } from "./trusted-file.ts";

/** A folder of our own, gone with the test. */
async function aFolder() {
  const path = await mkdtemp(join(tmpdir(), "edgemere-trusted-"));
  const file = join(path, "policy.yaml");
  await writeFile(file, "forbid: [exec]\n", { mode: 0o644 });
  return { path, file, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test("a file that only its owner can write is read", async () => {
  await using folder = await aFolder();

  assert.equal(await trustedFile(folder.file, true), "forbid: [exec]\n");
});

test("a file that is not there is none, unless it must be there", async () => {
  await using folder = await aFolder();

  assert.equal(await trustedFile(join(folder.path, "other"), false), undefined);
  await assert.rejects(trustedFile(join(folder.path, "other"), true), { name: "HostError", message: /cannot be read/ });
});

for (const mode of [0o664, 0o646, 0o666]) {
  test(`a file of mode ${mode.toString(8)} is not trusted`, async () => {
    await using folder = await aFolder();
    await chmod(folder.file, mode);

    await assert.rejects(trustedFile(folder.file, false), { name: "HostError", message: /written by its group or by/ });
  });
}

test("a file in a folder that others can write is not trusted: they could put another in its place", async () => {
  await using folder = await aFolder();
  await chmod(folder.path, 0o777);

  await assert.rejects(trustedFile(folder.file, false), { name: "HostError", message: /chmod go-w/ });
});

test("a folder and a link to nowhere are no rules", async () => {
  await using folder = await aFolder();
  await mkdir(join(folder.path, "folder"));
  await symlink("/dev/zero", join(folder.path, "link"));

  await assert.rejects(trustedFile(join(folder.path, "folder"), false), { name: "HostError" });
  await assert.rejects(trustedFile(join(folder.path, "link"), false), {
    name: "HostError",
    message: /no regular file/,
  });
});

test("a file that is too large for rules is not read", async () => {
  await using folder = await aFolder();
  await writeFile(folder.file, "#".repeat(65 * 1024));

  await assert.rejects(trustedFile(folder.file, false), { name: "HostError", message: /more than 65536 bytes/ });
});

test("a file of another user is not trusted", { skip: process.getuid?.() !== 0 && "needs root" }, async () => {
  await using folder = await aFolder();
  await chown(folder.file, 12_345, 12_345);

  await assert.rejects(trustedFile(folder.file, false), { name: "HostError", message: /must belong to root/ });
});

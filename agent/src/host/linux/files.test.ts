import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import type { HostError } from "../host.ts";
import { capacity, hashFile, listFiles } from "./files.ts";

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "edgemere-files-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
const run = promisify(execFile);
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
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

test("pipes, sockets and devices are neither listed nor read, and nobody waits for their other end", async () => {
  await using root = await folder();
  await run("mkfifo", [join(root.path, "pipe")]);
  const socket = createServer().listen(join(root.path, "socket"));
  await run("mknod", [join(root.path, "endless"), "c", "1", "5"]).catch(() => {}); // only root may

  assert.deepEqual(await listFiles(root.path), []);
  for (const name of ["pipe", "socket", "endless"])
    assert.notEqual(await reasonOf(hashFile(root.path, name)), "done", name);
  socket.close();
});

test("what the kernel tells of the agent's own process is not read through a link", async () => {
  await using root = await folder();
  await symlink("/proc/self/environ", join(root.path, "environment"));
  await symlink("/proc/self", join(root.path, "self"));

  assert.deepEqual(await listFiles(root.path), []);
  assert.equal(await reasonOf(hashFile(root.path, "environment")), "not-found");
  assert.equal(await reasonOf(hashFile(root.path, "self/environ")), "not-found");
});

test("a name that is no UTF-8 is left out, also beside one that looks like it", async () => {
  await using root = await folder();
  for (const bytes of [[0xe9], [0xff], [0xed, 0xa0, 0x80]])
    await writeFile(Buffer.concat([Buffer.from(`${root.path}/n`), Buffer.from(bytes)]), "latin");
  await writeFile(join(root.path, "n\ufffd"), "replacement");
  await writeFile(join(root.path, "\ufeffn"), "mark");

  assert.deepEqual(
    (await listFiles(root.path)).map(({ name, bytes }) => [name, bytes]),
    [
      ["n\ufffd", 11],
      ["\ufeffn", 4],
    ],
  );
  assert.equal(await hashFile(root.path, "n\ufffd"), sha256("replacement"));
});

test("a name of 255 bytes is a name, and one of 256 is refused", async () => {
  await using root = await folder();
  const longest = `${"ü".repeat(127)}x`;
  await writeFile(join(root.path, longest), "long");

  assert.deepEqual(
    (await listFiles(root.path)).map(({ name }) => name),
    [longest],
  );
  assert.equal(await hashFile(root.path, longest), sha256("long"));
  assert.equal(await reasonOf(hashFile(root.path, `${longest}y`)), "failed");
});

test("folders a thousand levels deep are refused in words", async () => {
  await using root = await folder();
  const deep = Array.from({ length: 1_000 }, () => "d").join("/");
  await mkdir(join(root.path, deep), { recursive: true });
  await writeFile(join(root.path, deep, "file"), "deep");

  await assert.rejects(listFiles(root.path), /more than 32 levels of folders: name one further down/);
  await assert.rejects(hashFile(root.path, `${deep}/file`), /more than 32 levels down/);
});

for (const [what, name] of [
  ["a file", "good"],
  ["a folder", "good/inside"],
] as const)
  test(`${what} that turns into a link again and again while it is read never gives what the link leads to`, async () => {
    await using root = await folder();
    await using outside = await folder();
    const at = (place: string) => join(root.path, place);
    const make = async (base: string, text: string) => {
      if (name.includes("/")) await mkdir(join(base, "good"));
      await writeFile(join(base, name), text);
    };
    await make(root.path, "good");
    await make(outside.path, "secret");
    await symlink(join(outside.path, "good"), at("trap"));
    const over = new AbortController();
    const swapping = (async () => {
      while (!over.signal.aborted) {
        renameSync(at("good"), at("aside"));
        renameSync(at("trap"), at("good"));
        await new Promise((resolve) => setImmediate(resolve));
        renameSync(at("good"), at("trap"));
        renameSync(at("aside"), at("good"));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();

    const told = new Set<string>();
    for (let turn = 0; turn < 5_000; turn++)
      told.add(await hashFile(root.path, name).catch((error: HostError) => error.reason));
    over.abort();
    await swapping;
    told.add(await hashFile(root.path, name));

    told.delete("not-found");
    assert.deepEqual([...told], [sha256("good")]);
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

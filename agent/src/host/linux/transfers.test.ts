import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { IncomingFile, IncomingRequest } from "../file-transfers.ts";
import type { HostError } from "../host-error.ts";
import { partName } from "./incoming-file.ts";
import { linuxTransfers } from "./transfers.ts";

async function folder() {
  const path = await realpath(await mkdtemp(join(tmpdir(), "edgemere-transfers-")));
  await mkdir(join(path, "root/inner"), { recursive: true });
  await writeFile(join(path, "secret"), "a secret");
  return { path, root: join(path, "root"), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const transfers = linuxTransfers([]);
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: HostError) => error.reason,
  );
const wanted = (path: string, content: string, over: Partial<IncomingRequest> = {}): IncomingRequest => ({
  path,
  roots: [path.slice(0, path.lastIndexOf("/"))],
  mark: "c1",
  bytes: content.length,
  sha256: sha256(content),
  ...over,
});
async function begun(request: IncomingRequest): Promise<IncomingFile> {
  const file = await transfers.receive(request);
  assert.notEqual(file, "there");
  return file as IncomingFile;
}

test("a file that comes is not seen before all of it is there, and nothing is left beside it then", async () => {
  await using at = await folder();
  const path = join(at.root, "app.bin");
  await writeFile(path, "the one before");

  {
    await using file = await begun(wanted(path, "the new one", { mode: 0o640 }));
    await file.write(Buffer.from("the new"));
    assert.equal(await readFile(path, "utf8"), "the one before");
    await file.write(Buffer.from(" one"));
    assert.equal(file.digest(), sha256("the new one"));
    await file.place();
  }

  assert.equal(await readFile(path, "utf8"), "the new one");
  assert.equal((await stat(path)).mode & 0o7777, 0o640);
  assert.deepEqual((await readdir(at.root)).toSorted(), ["app.bin", "inner"]);
});

test("what came before the agent died is there for the next run, and a part that another user could have touched is not", async () => {
  await using at = await folder();
  const path = join(at.root, "app.bin");
  const part = join(at.root, partName("c1"));
  {
    await using file = await begun(wanted(path, "abcdef"));
    await file.write(Buffer.from("abc"));
  }

  {
    await using again = await begun(wanted(path, "abcdef"));
    assert.equal(again.received, 3);
    await again.write(Buffer.from("def"));
    assert.equal(again.digest(), sha256("abcdef"));
  }
  await chmod(part, 0o666);
  await using open = await begun(wanted(path, "abcdef"));
  assert.equal(open.received, 0);
  await rm(part);
  await link(join(at.path, "secret"), part);
  await using linked = await begun(wanted(path, "abcdef"));

  assert.equal(linked.received, 0);
  await linked.write(Buffer.from("abcdef"));
  assert.equal(await readFile(join(at.path, "secret"), "utf8"), "a secret");
  await linked.discard();
  assert.deepEqual(await readdir(at.root), ["inner"]);
});

test("what stands there with the same content does not come again, and gets the mode that it is to have", async () => {
  await using at = await folder();
  const path = join(at.root, "app.bin");
  await writeFile(path, "same", { mode: 0o600 });

  assert.equal(await transfers.receive(wanted(path, "same", { mode: 0o644 })), "there");

  assert.equal((await stat(path)).mode & 0o7777, 0o644);
  await using other = await begun(wanted(path, "diff"));
  assert.equal(other.received, 0);
});

test("a file in the place of another keeps its permissions, and never the bits that make it run as another user", async () => {
  await using at = await folder();
  const path = join(at.root, "tool");
  await writeFile(path, "old");
  await chmod(path, 0o4750);

  {
    await using file = await begun(wanted(path, "new"));
    await file.write(Buffer.from("new"));
    await file.place();
  }

  assert.equal((await stat(path)).mode & 0o7777, 0o750);
});

for (const [what, path] of [
  ["outside of every root", "secret"],
  ["by two dots", "root/../secret"],
  ["by a dot", "root/./x"],
  ["by an empty name", "root//x"],
  ["by a name with a zero byte", "root/a\0b"],
  ["by a name of 256 bytes", `root/${"n".repeat(256)}`],
  ["forty levels down", `root/${"d/".repeat(40)}x`],
] as const)
  test(`nothing comes or goes ${what}`, async () => {
    await using at = await folder();
    const place = { path: `${at.path}/${path}`, roots: [at.root] };

    assert.equal(await reasonOf(transfers.receive(wanted(place.path, "x", place))), "not-allowed");
    assert.equal(await reasonOf(transfers.open(place)), "not-allowed");
  });

test("where no folder is open nothing comes, and nothing goes", async () => {
  const place = { path: "/etc/hostname", roots: [] };

  await assert.rejects(transfers.open(place), { reason: "not-allowed", message: /file-root there opens one/ });
  assert.equal(await reasonOf(transfers.receive(wanted("/etc/x", "x", place))), "not-allowed");
});

test("a link is not followed, whether it is the file or a folder on the way, and is not replaced", async () => {
  await using at = await folder();
  await symlink(join(at.path, "secret"), join(at.root, "file"));
  await symlink(at.path, join(at.root, "folder"));
  const roots = [at.root];

  assert.equal(await reasonOf(transfers.open({ path: join(at.root, "file"), roots })), "not-found");
  assert.equal(await reasonOf(transfers.open({ path: join(at.root, "folder/secret"), roots })), "not-found");
  const over = { roots };
  assert.equal(await reasonOf(transfers.receive(wanted(join(at.root, "file"), "x", over))), "not-allowed");
  assert.equal(await reasonOf(transfers.receive(wanted(join(at.root, "folder/secret"), "x", over))), "not-found");
  assert.equal(await readFile(join(at.path, "secret"), "utf8"), "a secret");
});

test("a link in the place of a part that is to come is removed, and what it led to stays as it is", async () => {
  await using at = await folder();
  await symlink(join(at.path, "secret"), join(at.root, partName("c1")));

  await using file = await begun(wanted(join(at.root, "x"), "hello"));
  await file.write(Buffer.from("hello"));

  assert.equal(await readFile(join(at.path, "secret"), "utf8"), "a secret");
});

test("a folder, a pipe and a socket are neither read nor replaced, and nobody waits for them", async () => {
  await using at = await folder();
  await promisify(execFile)("mkfifo", [join(at.root, "pipe")]);
  const roots = [at.root];

  for (const name of ["pipe", "inner"]) {
    assert.equal(await reasonOf(transfers.open({ path: join(at.root, name), roots })), "not-found", name);
    assert.equal(await reasonOf(transfers.receive(wanted(join(at.root, name), "x"))), "not-allowed", name);
  }
  assert.equal(await reasonOf(transfers.open({ path: "/proc/self/environ", roots: ["/proc/self"] })), "done");
  assert.equal(await reasonOf(transfers.open({ path: "/dev/zero", roots: ["/dev"] })), "not-found");
});

test("the agent's own folders are closed, under whatever name and in whatever root they lie", async () => {
  await using at = await folder();
  await symlink(join(at.root, "inner"), join(at.path, "alias"));
  const guarded = linuxTransfers([join(at.path, "alias")]);
  await writeFile(join(at.root, "inner/identity.json"), "keys");
  const place = { path: join(at.root, "inner/identity.json"), roots: [at.root] };

  await assert.rejects(guarded.open(place), { reason: "not-allowed", message: /a folder of the agent's own/ });
  assert.equal(await reasonOf(guarded.receive(wanted(place.path, "x", place))), "not-allowed");
  const itself = { ...place, roots: [join(at.root, "inner")] };
  assert.equal(await reasonOf(guarded.open(itself)), "not-allowed");
});

test("a file for which there is no room is refused before its first byte", async () => {
  await using at = await folder();

  const huge = wanted(join(at.root, "huge"), "x", { bytes: 2 ** 52 });

  await assert.rejects(transfers.receive(huge), { reason: "no-room", message: /4503599627370496 bytes are to come/ });
});

test("a file that is read is the one that was opened, and says when it was changed meanwhile", async () => {
  await using at = await folder();
  const path = join(at.root, "app.log");
  await writeFile(path, "0123456789");

  await using file = await transfers.open({ path, roots: [at.root] });
  await rm(path);
  await writeFile(path, "another");

  assert.equal(file.bytes, 10);
  assert.equal(Buffer.from(await file.read(7, 100)).toString(), "789");
  assert.equal((await file.read(10, 5)).length, 0);
  await using second = await transfers.open({ path, roots: [at.root] });
  assert.ok(await second.isUnchanged());
  assert.notEqual(second.revision, file.revision);
  await writeFile(path, "longer than before");
  assert.ok(!(await second.isUnchanged()));
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { transferFolder } from "./transfer-folder.test-support.ts";
import { linuxTransfers } from "./transfers.ts";

const signal = new AbortController().signal;
const wanted = { after: "", most: 200, signal };

test("a folder tells what lies in it by name: files with their size, folders, and links that lead nowhere here", async () => {
  await using folder = await transferFolder();
  const { root } = folder;
  await folder.write("b.log", "12345");
  await mkdir(join(root, "a"));
  await symlink("/etc/passwd", join(root, "c"));
  execFileSync("mkfifo", [join(root, "d")]);

  const { entries, hasMore, unnamed } = await linuxTransfers([]).list({ ...wanted, path: root, roots: [root] });

  assert.deepEqual(
    entries.map(({ name, type, bytes }) => [name, type, bytes]),
    [
      ["a", "folder", 0],
      ["b.log", "file", 5],
      ["c", "link", 0],
      ["d", "other", 0],
    ],
  );
  assert.deepEqual([entries[1]?.mode, hasMore, unnamed], [0o600, false, 0]);
  assert.ok(Math.abs((entries[1]?.modifiedAt ?? 0) - Date.now()) < 60_000);
});

test("page by page everything is told once, however much lies there", async () => {
  await using folder = await transferFolder();
  const { root } = folder;
  const names = Array.from({ length: 95 }, (_, place) => `file ${place}`).toSorted();
  for (const name of names) await folder.write(name, "");

  const told: string[] = [];
  for (let hasMore = true; hasMore;) {
    const page = { ...wanted, path: root, roots: [root], after: told.at(-1) ?? "", most: 4 };
    const found = await linuxTransfers([]).list(page);
    assert.ok(found.entries.length <= 4);
    told.push(...found.entries.map(({ name }) => name));
    ({ hasMore } = found);
  }

  assert.deepEqual(told, names);
});

test("a name that is no UTF-8 is counted, and told as no other name", async () => {
  await using folder = await transferFolder();
  const { root } = folder;
  await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])]), "");
  await folder.write("ä", "");

  const { entries, unnamed } = await linuxTransfers([]).list({ ...wanted, path: root, roots: [root] });

  assert.deepEqual([entries.map(({ name }) => name), unnamed], [["ä"], 1]);
});

test("without a path the folders that are open are told, and one that is not there is left out", async () => {
  await using folder = await transferFolder();
  const { root } = folder;

  const { entries } = await linuxTransfers([]).list({ ...wanted, path: "", roots: [root, "/nowhere/at/all"] });

  assert.deepEqual(
    entries.map(({ name, type }) => [name, type]),
    [[root, "folder"]],
  );
});

for (const [what, path, reason] of [
  ["outside of the roots", () => "/etc", "not-allowed"],
  ["above the roots", (root: string) => join(root, ".."), "not-allowed"],
  ["behind two dots", (root: string) => `${root}/a/../..`, "not-allowed"],
  ["behind a link", (root: string) => `${root}/link`, "not-found"],
  ["of the agent's own", (root: string) => `${root}/own`, "not-allowed"],
  ["that is a file", (root: string) => `${root}/file`, "not-found"],
  ["that is not there", (root: string) => `${root}/none`, "not-found"],
] as const)
  test(`nobody looks into a folder ${what}`, async () => {
    await using folder = await transferFolder();
    const { root } = folder;
    await folder.write("file", "");
    await mkdir(join(root, "own"));
    await symlink("/etc", join(root, "link"));

    const looking = linuxTransfers([join(root, "own")]).list({ ...wanted, path: path(root), roots: [root] });

    await assert.rejects(looking, { reason });
  });

test("whoever is told to stop looks no further", async () => {
  await using folder = await transferFolder();
  await folder.write("file", "");
  const stopped = {
    ...wanted,
    signal: AbortSignal.abort(new Error("enough")),
    path: folder.root,
    roots: [folder.root],
  };

  await assert.rejects(linuxTransfers([]).list(stopped), /enough/);
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { transferFolder } from "./transfer-folder.test-support.ts";
import { linuxTransfers } from "./transfers.ts";

const content = "what was captured";
const sha256 = createHash("sha256").update(content).digest("hex");

test("a file with the content that is named goes, and any other stays", async () => {
  await using folder = await transferFolder();
  const { root } = folder;
  await folder.write("a", content);
  await folder.write("b", "something else");
  const transfers = linuxTransfers([]);
  const roots = [root];

  assert.equal(await transfers.remove({ path: join(root, "a"), roots, sha256 }), "removed");
  assert.equal(await transfers.remove({ path: join(root, "a"), roots, sha256 }), "absent");
  assert.equal(await transfers.remove({ path: join(root, "b"), roots, sha256 }), "other");
  assert.deepEqual(await folder.names(), ["b"]);
});

test("a link and a folder are no files that could be removed, and what a link leads to stays", async () => {
  await using folder = await transferFolder();
  await using other = await transferFolder();
  await other.write("a", content);
  await symlink(join(other.root, "a"), join(folder.root, "link"));
  await mkdir(join(folder.root, "below"));
  const transfers = linuxTransfers([]);
  const roots = [folder.root];

  await assert.rejects(transfers.remove({ path: join(folder.root, "link"), roots, sha256 }), /is a link/);
  await assert.rejects(
    transfers.remove({ path: join(folder.root, "below"), roots, sha256 }),
    /is no regular file, and stays/,
  );
  await assert.rejects(transfers.remove({ path: join(other.root, "a"), roots, sha256 }), /lies in none of the folders/);
  assert.deepEqual((await other.read("a")).toString(), content);
});

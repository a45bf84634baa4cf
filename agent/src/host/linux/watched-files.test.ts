import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { MOST_FOLDERS, watchFiles } from "./watched-files.ts";

async function aFolder() {
  const path = await mkdtemp(join(tmpdir(), "edgemere-watched-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Resolves with each change that is heard from now on. */
async function hearing(path: string) {
  let tell = () => {};
  const ended: string[] = [];
  const watch = await watchFiles(path, { changed: () => tell(), ended: (reason) => void ended.push(reason) });
  const next = (until: () => boolean = () => true) =>
    new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error("nothing was heard")), 20_000);
      tell = () => {
        if (!until()) return;
        clearTimeout(deadline);
        resolve();
      };
    });
  return { watch, ended, next, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

test("a change is heard at every depth, in folders too that came later", async () => {
  await using root = await aFolder();
  await mkdir(join(root.path, "a/b"), { recursive: true });
  using of = await hearing(root.path);
  assert.equal(of.watch.folders(), 3);

  let heard = of.next();
  await writeFile(join(root.path, "a/b/one"), "1");
  await heard;
  heard = of.next(() => of.watch.folders() === 5);
  await mkdir(join(root.path, "c/d"), { recursive: true });
  await heard;
  heard = of.next();
  await writeFile(join(root.path, "c/d/two"), "2");
  await heard;
});

test("a folder that is moved or removed is watched no more", async () => {
  await using root = await aFolder();
  await mkdir(join(root.path, "a/b"), { recursive: true });
  using of = await hearing(root.path);

  let heard = of.next(() => of.watch.folders() === 1);
  await rename(join(root.path, "a"), `${root.path}-elsewhere`);
  await heard;
  heard = of.next(() => of.watch.folders() === 3);
  await rename(`${root.path}-elsewhere`, join(root.path, "back"));
  await heard;

  assert.deepEqual(of.ended, []);
});

test("no link is followed, and of a directory that is not there is said so", async () => {
  await using root = await aFolder();
  await using outside = await aFolder();
  await mkdir(join(outside.path, "below"));
  await symlink(outside.path, join(root.path, "way-out"));

  using of = await hearing(root.path);

  assert.equal(of.watch.folders(), 1);
  await assert.rejects(hearing(join(root.path, "nothing")), /nothing does not exist/);
});

test("a directory of very many folders is not watched, and keeps none of the watches of its host", async () => {
  await using root = await aFolder();
  for (let i = 0; i < MOST_FOLDERS; i++) await mkdir(join(root.path, String(i)));

  await assert.rejects(hearing(root.path), { reason: "failed", message: `it has more than ${MOST_FOLDERS} folders` });
});

test("a directory that another takes the place of ends the watch", async () => {
  await using root = await aFolder();
  const path = join(root.path, "logs");
  await mkdir(path);
  using of = await hearing(path);

  const ended = of.next(() => of.ended.length > 0);
  await rename(path, join(root.path, "old"));
  await ended;

  assert.deepEqual(of.ended, ["it is not the same directory any more"]);
});

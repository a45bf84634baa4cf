import assert from "node:assert/strict";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HostError } from "../host.ts";
import { keepFiles, putBackFiles } from "./kept-files.ts";

async function aFolder() {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-kept-"));
  return {
    at: (name: string) => join(folder, name),
    names: async () => (await readdir(folder)).sort(),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

test("files, links and what was not there are as they were, and nothing else stays behind", async () => {
  await using folder = await aFolder();
  const [text, link, absent] = [folder.at("text"), folder.at("link"), folder.at("absent")];
  await writeFile(text, "old");
  await chmod(text, 0o640);
  await symlink("text", link);

  const kept = await keepFiles([text, link, absent]);
  await writeFile(text, "new and longer");
  await chmod(text, 0o600);
  await rm(link);
  await writeFile(link, "a file now");
  await writeFile(absent, "there");
  await putBackFiles(kept);
  await putBackFiles(kept);

  assert.deepEqual([await readFile(text, "utf8"), (await lstat(text)).mode & 0o777], ["old", 0o640]);
  assert.equal(await readlink(link), "text");
  assert.deepEqual(await folder.names(), ["link", "text"]);
});

test("a link is kept as the link that it is, and what it leads to is not touched", async () => {
  await using folder = await aFolder();
  await writeFile(folder.at("secret"), "s");
  await symlink("secret", folder.at("link"));

  const kept = await keepFiles([folder.at("link")]);
  await writeFile(folder.at("secret"), "changed");
  await putBackFiles(kept);

  assert.equal(kept[0]?.content, undefined);
  assert.equal(await readFile(folder.at("secret"), "utf8"), "changed");
});

test("a folder is refused, and so is more than can be kept", async () => {
  await using folder = await aFolder();
  await mkdir(folder.at("folder"));
  await writeFile(folder.at("large"), Buffer.alloc(1024 * 1024 + 1));

  await assert.rejects(keepFiles([folder.at("folder")]), /is neither a file nor a link/);
  await assert.rejects(keepFiles([folder.at("large")]), /have more than 1048576 bytes/);
});

test("one that cannot be put back keeps none of the others from it, and is told", async () => {
  await using folder = await aFolder();
  await mkdir(folder.at("gone"));
  await writeFile(folder.at("gone/file"), "x");
  await writeFile(folder.at("text"), "old");
  const kept = await keepFiles([folder.at("gone/file"), folder.at("text")]);
  await rm(folder.at("gone"), { recursive: true });
  await writeFile(folder.at("text"), "new");

  await assert.rejects(
    putBackFiles(kept),
    (error: unknown) => error instanceof HostError && /gone\/file/.test(error.message),
  );

  assert.equal(await readFile(folder.at("text"), "utf8"), "old");
});

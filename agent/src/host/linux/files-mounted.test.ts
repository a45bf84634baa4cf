import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const needsRoot = { skip: process.getuid?.() !== 0 && "only root may mount" };
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** A program of its own in mounts of its own, which end with it: `$0` is the folder in which they are made. */
const LOOK = `
  const [files, folder, ...names] = process.argv.slice(1);
  const { hashFile, listFiles } = await import(files);
  const listed = (await listFiles(folder)).map(({ name }) => name);
  const hashed = await Promise.all(names.map((name) => hashFile(folder, name).catch(({ reason }) => reason)));
  console.log(JSON.stringify({ listed, hashed }));
`;

interface Seen {
  readonly listed: readonly string[];
  readonly hashed: readonly string[];
}

async function look(root: string, mounts: string, folder: string, names: readonly string[]): Promise<Seen> {
  const node = [process.execPath, "--input-type=module", "--eval", LOOK];
  const files = new URL("./files.js", import.meta.url).href;
  const script = `cd "$0" && ${mounts} && exec "$@"`;
  const argv = ["--mount", "--propagation", "private", "sh", "-ec", script, root, ...node, files, folder, ...names];
  return JSON.parse((await run("unshare", argv)).stdout) as Seen;
}

/** `files/own` and `files/below/own`, and a secret outside of them. */
async function aFolder() {
  const path = await mkdtemp(join(tmpdir(), "edgemere-mounted-"));
  await mkdir(join(path, "files/below"), { recursive: true });
  await mkdir(join(path, "outside"));
  await writeFile(join(path, "files/own"), "own");
  await writeFile(join(path, "files/below/own"), "own");
  await writeFile(join(path, "outside/secret"), "secret");
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

for (const [what, mounts] of [
  ["a folder of the same file system", "mount --bind outside files/below"],
  ["another file system", "mount -t tmpfs none files/below && cp outside/secret files/below"],
  ["the processes of the kernel", "mount -t proc none files/below"],
] as const)
  test(`${what} that is mounted inside a directory is not part of it`, needsRoot, async () => {
    await using root = await aFolder();

    const seen = await look(root.path, mounts, join(root.path, "files"), ["own", "below/secret", "below/self/environ"]);

    assert.deepEqual(seen.listed, ["own"]);
    assert.deepEqual(seen.hashed, [sha256("own"), "not-allowed", "not-allowed"]);
  });

test("a file that is mounted over one of a directory is not read", needsRoot, async () => {
  await using root = await aFolder();

  const seen = await look(root.path, "mount --bind outside/secret files/own", join(root.path, "files"), [
    "own",
    "below/own",
  ]);

  assert.deepEqual(seen.hashed, ["not-allowed", sha256("own")]);
});

test("a directory that is a mount point itself is read: whoever runs the host has named it", needsRoot, async () => {
  await using root = await aFolder();

  const seen = await look(root.path, "mount --bind outside files", join(root.path, "files"), ["secret"]);

  assert.deepEqual(seen, { listed: ["secret"], hashed: [sha256("secret")] });
});

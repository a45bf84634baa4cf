import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { repository, toldOf } from "../planted-tree.ts";
import { filesBelow } from "../conformance/tree.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";

const execute = promisify(execFile);
/** Without the network, and with a store of its own of what it has seen. */
const npm = (folder: string, ...args: readonly string[]) =>
  execute("npm", [...args, "--offline", "--cache", join(dirname(folder), "cache")], { cwd: folder });

/** A project that asks for a package which runs something at each step of its installation. */
async function trap(folder: string, settings: string) {
  const marker = join(folder, "it-ran");
  const steps = Object.fromEntries(
    ["preinstall", "install", "postinstall"].map((step) => [step, `echo ${step} >> ${marker}`]),
  );
  await write(join(folder, "evil/package.json"), JSON.stringify({ name: "evil", version: "1.0.0", scripts: steps }));
  await npm(join(folder, "evil"), "pack", "--pack-destination", folder);
  const project = join(folder, "project");
  await write(join(project, ".npmrc"), settings);
  await write(join(project, "package.json"), JSON.stringify({ dependencies: { evil: "file:../evil-1.0.0.tgz" } }));
  await npm(project, "install", "--package-lock-only");
  return { project, marker };
}

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const ours = () => readFile(join(repository, ".npmrc"), "utf8");

test("T34 a package runs nothing when it is installed as the README says", async () => {
  await using folder = await temporaryFolder("supply");
  const { project, marker } = await trap(folder.path, await ours());

  await npm(project, "ci");

  assert.equal(existsSync(join(project, "node_modules/evil/package.json")), true);
  assert.equal(existsSync(marker), false);
  // The trap is a good one: without what our .npmrc says it closes.
  await npm(project, "ci", "--ignore-scripts=false");
  assert.equal(existsSync(marker), true);
});

test("T34 a package whose bytes are not those of the lockfile is not installed", async () => {
  await using folder = await temporaryFolder("supply");
  const { project } = await trap(folder.path, await ours());
  const installed = () => existsSync(join(project, "node_modules/evil/package.json"));
  await npm(project, "ci");
  assert.equal(installed(), true);

  await write(join(folder.path, "evil/more.js"), "");
  await npm(join(folder.path, "evil"), "pack", "--pack-destination", folder.path);
  // Else npm takes what it has seen before.
  await rm(join(folder.path, "cache"), { recursive: true });
  // Why, it tells on standard error, when it gets to it before it ends.
  await assert.rejects(npm(project, "ci"));

  assert.equal(installed(), false);
});

const good = { version: "1.0.0", integrity: `sha512-${"A".repeat(86)}==`, license: "MIT" };
const { integrity: _, ...unsealed } = good;
const { license: __, ...unlicensed } = good;
for (const [what, entry, fault] of [
  [
    "from a repository",
    { ...good, resolved: "git+ssh://git@example.org/p.git#0123" },
    /comes from git\+ssh:.* and not/,
  ],
  [
    "from another place",
    { ...good, resolved: "http://example.org/p.tgz" },
    /comes from http:.* and not from the registry/,
  ],
  ["of no one version", { ...good, version: "latest" }, /has no version of its own/],
  ["without a hash", unsealed, /has no SHA-512/],
  ["with a hash that can be forged", { ...good, integrity: `sha1-${"A".repeat(27)}=` }, /has no SHA-512/],
  [
    "with a script at its installation",
    { ...good, hasInstallScript: true },
    /wants to run a script when it is installed/,
  ],
  ["with no licence", unlicensed, /has the licence nobody knows/],
  [
    "with a licence that binds whoever is given it",
    { ...good, license: "AGPL-3.0-only" },
    /has the licence AGPL-3\.0-only/,
  ],
  ["to be given on with a licence for tools", { ...good, license: "MPL-2.0" }, /has the licence MPL-2\.0/],
] as const)
  test(`T34 a package ${what} is found before anybody builds on it`, async () => {
    assert.match(await faultsWith({ "node_modules/planted": entry }), fault);
  });

test("T34 packages that keep to the rules are not refused", async () => {
  const packages = {
    "node_modules/@planted/one": { ...good, license: "(MIT OR GPL-3.0-only)" },
    "node_modules/tool": { ...good, license: "MPL-2.0", dev: true },
    "node_modules/ours": { resolved: "protocol", link: true },
  };

  assert.equal(await faultsWith(packages), "");
});

test("T34 what was decided about a script that is gone has to go as well", async () => {
  assert.match(await faultsWith({}, { gone: false }), /gone stands under allowScripts and has no script/);
});

const faultsWith = (packages: object, allowScripts: object = {}) =>
  toldOf(
    { "package-lock.json": JSON.stringify({ packages }), "package.json": JSON.stringify({ allowScripts }) },
    "node",
    join(repository, "deploy/packages.mjs"),
  );

test("T34 whoever builds the same sources gets the same bytes", async () => {
  await using folder = await temporaryFolder("rebuild");

  const [one, other] = [await builtIn(join(folder.path, "one")), await builtIn(join(folder.path, "elsewhere/other"))];

  assert.ok(one.size > 500, `only ${one.size} files were built`);
  assert.deepEqual(
    [...one].filter(([path, hash]) => other.get(path) !== hash).map(([path]) => path),
    [],
  );
  assert.equal(other.size, one.size);
});

const WORKSPACES = ["protocol", "agent", "control-plane", "simulators", "test"];

/** Builds the sources in a place of their own, and gives the hash of every file that this made. */
async function builtIn(folder: string): Promise<ReadonlyMap<string, string>> {
  for (const path of filesBelow()) await cp(join(repository, path), join(folder, path));
  await linkPackages(folder);
  const build = 'import("./deploy/build.mjs").then(({ build }) => build({ everything: false }))';
  await execute(process.execPath, ["-e", build], { cwd: folder, maxBuffer: 2 ** 26 });

  const hashes = new Map<string, string>();
  for (const made of ["protocol/generated", "protocol/dist", "agent/dist", "control-plane/dist"])
    for (const path of await filesIn(join(folder, made)))
      hashes.set(
        join(made, path),
        createHash("sha256")
          .update(await readFile(join(folder, made, path)))
          .digest("hex"),
      );
  await rm(folder, { recursive: true });
  return hashes;
}

/** The compiler's own notes are left out: they name the places where it found packages, and nobody is given them. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .filter((path) => !path.endsWith(".tsbuildinfo"));
}

/** What was installed here, but with our own packages where this copy has them. */
async function linkPackages(folder: string): Promise<void> {
  const installed = join(repository, "node_modules");
  await mkdir(join(folder, "node_modules/@edgemere"), { recursive: true });
  for (const name of await readdir(installed))
    if (name !== "@edgemere") await symlink(join(installed, name), join(folder, "node_modules", name));
  for (const workspace of WORKSPACES)
    await symlink(join("../..", workspace), join(folder, "node_modules/@edgemere", workspace));
}

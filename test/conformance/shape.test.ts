import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { entriesOf, filesBelow, foldersBelow, isTest, linesOf, repository, sources, stemOf, textOf } from "./tree.ts";

const TOP_ENTRIES = [
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "agent",
  "control-plane",
  "deploy",
  "knip.json",
  "package-lock.json",
  "package.json",
  "protocol",
  "simulators",
  "test",
  "tsconfig.json",
];
const WORKSPACES = ["protocol", "agent", "control-plane", "simulators", "test"];
const MANIFESTS = ["package.json", ...WORKSPACES.map((workspace) => `${workspace}/package.json`)];
const features = (): readonly string[] => entriesOf("control-plane/src/features").filter((name) => !name.includes("."));

test("no file is over its budget of lines", () => {
  const over = sources().filter((path) => linesOf(path) > (isTest(path) ? 400 : 300));

  assert.deepEqual(over, []);
});

test("half of the files have at most 60 lines and nine in ten at most 160", (context) => {
  const counts = sources()
    .filter((path) => !isTest(path))
    .map(linesOf)
    .toSorted((one, other) => one - other);
  const at = (share: number): number => counts[Math.floor(counts.length * share)] ?? 0;

  context.diagnostic(
    `${counts.length} files; half ≤ ${at(0.5)} lines, nine in ten ≤ ${at(0.9)}, longest ${at(0.9999)}`,
  );
  assert.ok(at(0.5) <= 60, `the median is ${at(0.5)}`);
  assert.ok(at(0.9) <= 160, `the ninth decile is ${at(0.9)}`);
});

test("no file or folder is a drawer for everything", () => {
  const drawers = new Set(["util", "utils", "helper", "helpers", "lib", "libs", "common", "misc", "shared"]);

  const folders = foldersBelow().filter((path) => drawers.has(stemOf(path)));
  const files = sources().filter((path) => drawers.has(stemOf(path)));

  assert.deepEqual([...new Set([...folders, ...files])], []);
});

test("no file is named for what says nothing", () => {
  const empty = /-(manager|helper|util|utils|service|data|info|impl)$/;
  const proper = new Set(["device-data", "find-data"]); // Data is a class of the specification

  assert.deepEqual(
    sources().filter((path) => empty.test(stemOf(path)) && !proper.has(stemOf(path))),
    [],
  );
});

test("the top folder holds what it is known to hold", () => {
  const visible = entriesOf("").filter((name) => !name.startsWith("."));

  assert.deepEqual(visible.toSorted(), TOP_ENTRIES);
});

test("every top folder explains itself within 80 lines", () => {
  const readmes = [...WORKSPACES, "deploy"].map((folder) => `${folder}/README.md`);

  const missing = readmes.filter((path) => !existsSync(join(repository, path)));
  assert.deepEqual(missing, []);
  assert.deepEqual(
    readmes.filter((path) => linesOf(path) > 80),
    [],
  );
});

test("every feature is one flat folder with a contract and a table of contents, and app-features.ts lists it", () => {
  const wiring = textOf("control-plane/src/app-features.ts");

  const misshapen = features().filter((name) => {
    const folder = `control-plane/src/features/${name}`;
    const entries = entriesOf(folder);
    return !(
      entries.includes("contract.ts") &&
      entries.includes("index.ts") &&
      entries.every((entry) => /\.(ts|md)$/.test(entry) || entry === "decisions") &&
      linesOf(`${folder}/index.ts`) <= 40 &&
      wiring.includes(`./features/${name}/index.ts`)
    );
  });

  assert.deepEqual(misshapen, []);
});

test("a contract imports the platform and other contracts only, so that everyone may read it", () => {
  const allowed =
    /^(@sinclair\/typebox|@edgemere\/protocol(\/kit|\/policy)?|\.\.\/\.\.\/platform\/[\w-]+\.ts|\.\.\/[\w-]+\/contract\.ts|\.\/[\w-]+-contract\.ts)$/;

  const strangers = features().flatMap((name) => {
    const folder = `control-plane/src/features/${name}`;
    return entriesOf(folder)
      .filter((entry) => /^([a-z-]+-)?contract\.ts$/.test(entry))
      .flatMap((entry) => importsOf(`${folder}/${entry}`).map((what) => ({ entry, what })))
      .filter(({ entry, what }) => !allowed.test(what) && (entry === "contract.ts" || what !== "./contract.ts"))
      .map(({ entry, what }) => `${folder}/${entry} imports ${what}`);
  });

  assert.deepEqual(strangers, []);
});

test("the lockfile names no host of a registry", () => {
  assert.doesNotMatch(textOf("package-lock.json"), /"resolved": "https?:/);
});

test("a package that two workspaces ask for has one version", () => {
  const versions = new Map<string, Set<string>>();
  for (const manifest of MANIFESTS) {
    for (const [name, version] of Object.entries(dependenciesOf(manifest))) {
      versions.set(name, (versions.get(name) ?? new Set()).add(version));
    }
  }

  const torn = [...versions].filter(([, asked]) => asked.size > 1).map(([name]) => name);
  assert.deepEqual(torn, []);
});

test("every dependency is pinned to one version", () => {
  const loose = MANIFESTS.flatMap((manifest) =>
    Object.entries(dependenciesOf(manifest))
      .filter(([, version]) => !/^(npm:@?[\w./-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${manifest}: ${name} ${version}`),
  );

  assert.deepEqual(loose, []);
});

test("no file names a place on the machine where it was written", () => {
  const place = new RegExp(`(?<![\\w.-])${["", "work", ""].join("/")}`);

  assert.deepEqual(
    texts().filter((path) => place.test(textOf(path))),
    [],
  );
});

test("every relative link of a document leads somewhere", () => {
  const broken = filesBelow()
    .filter((path) => path.endsWith(".md"))
    .flatMap((path) =>
      [...textOf(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
        .map(([, target = ""]) => join(dirname(path), target))
        .filter((target) => !existsSync(join(repository, target)))
        .map((target) => `${path} → ${target}`),
    );

  assert.deepEqual(broken, []);
});

const texts = (): readonly string[] =>
  filesBelow().filter((path) => !/\.(png|ico|svg|binpb|hex|woff2?)$/.test(path) && path !== "package-lock.json");

const importsOf = (path: string): readonly string[] =>
  [...textOf(path).matchAll(/from "([^"]+)"/g)].map(([, what = ""]) => what);

function dependenciesOf(path: string): Record<string, string> {
  const manifest = JSON.parse(textOf(path)) as Record<string, Record<string, string> | undefined>;
  return { ...manifest["dependencies"], ...manifest["devDependencies"], ...manifest["optionalDependencies"] };
}

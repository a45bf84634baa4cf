import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startWorld } from "../world/world.ts";

const root = join(import.meta.dirname, "../../..");
const run = promisify(execFile);

interface Packed {
  readonly files: readonly { readonly path: string }[];
}
/** The files that `npm pack` would put into each package that is given away. */
async function packedFiles(workspace: string): Promise<readonly string[]> {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--workspace", workspace], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  const [packed] = JSON.parse(stdout) as readonly Packed[];
  return (packed?.files ?? []).map(({ path }) => path);
}

/** Every variable of ours that some code of the tests sets or reads. */
async function variablesOfTests(): Promise<readonly string[]> {
  const found = new Set<string>();
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== "dist" && entry.name !== "node_modules") await walk(path);
      else if (/\.(ts|mjs)$/.test(entry.name))
        for (const [name] of (await readFile(path, "utf8")).matchAll(/\bEDGEMERE_[A-Z_]+\b/g)) found.add(name);
    }
  };
  await walk(join(root, "test"));
  return [...found].toSorted();
}

/** Of whoever uses the programs, as their READMEs tell. */
const FOR_EVERYBODY = /^EDGEMERE_(CONTROL_PLANE_|AGENT_|SERVER$|TOKEN$|TOKEN_FILE$|CONTEXT$|COMMAND$)/;

for (const workspace of ["protocol", "agent", "control-plane"])
  test(`T40 the package ${workspace} holds no test and no support of one`, async () => {
    const files = await packedFiles(workspace);

    assert.ok(files.some((path) => path.startsWith("dist/")));
    assert.deepEqual(
      files.filter((path) => /\.test\.|test-support|\.tsbuildinfo$|(^|\/)(faults|journeys|planted)\//.test(path)),
      [],
    );
  });

for (const workspace of ["protocol", "agent", "control-plane"])
  test(`T40 no built file of ${workspace} knows a variable that only tests use`, async () => {
    const hooks = (await variablesOfTests()).filter((name) => !FOR_EVERYBODY.test(name));
    assert.ok(hooks.length > 0);
    const known: string[] = [];
    for (const path of await packedFiles(workspace)) {
      if (!/\.(js|html)$/.test(path)) continue;
      const text = await readFile(join(root, workspace, path), "utf8");
      known.push(...hooks.filter((name) => new RegExp(`\\b${name}\\b`).test(text)).map((name) => `${path}: ${name}`));
    }

    assert.deepEqual(known, []);
  });

test("T40 a control plane that is started with every variable of the tests is the same as without", async () => {
  const hooks = (await variablesOfTests()).filter((name) => !FOR_EVERYBODY.test(name));
  const environment = Object.fromEntries(hooks.map((name) => [name, "1"]));
  await using usual = await startWorld();
  await using hooked = await startWorld({ controlPlane: { launch: { environment } } });

  const documents = await Promise.all(
    [usual, hooked].map(async ({ baseUrl }) => (await fetch(`${baseUrl}/edgemere/openapi.json`)).text()),
  );

  assert.match(documents[0] ?? "", /"openapi"/);
  const bare = (text: string | undefined) => (text ?? "").replaceAll(/127\.0\.0\.1:\d+/g, "");
  assert.equal(bare(documents[1]), bare(documents[0]));
});

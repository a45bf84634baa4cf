import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { repository, textOf } from "./tree.ts";

interface Component {
  readonly type: string;
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly { readonly expression?: string; readonly license?: { readonly id: string } }[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

/** As much of CycloneDX 1.6 as we write. */
interface Bill {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const programs = ["protocol", "agent", "control-plane", "simulators"] as const;
let folder: AsyncDisposable & { readonly path: string };
before(async () => {
  folder = await temporaryFolder("sbom");
  write("one");
});
after(() => folder[Symbol.asyncDispose]());

const write = (into: string) =>
  execFileSync(process.execPath, [join(repository, "deploy/sbom.mjs"), join(folder.path, into)]);
const bytesOf = (program: string, from = "one") => readFileSync(join(folder.path, from, `${program}.cdx.json`), "utf8");
const billOf = (program: string) => JSON.parse(bytesOf(program)) as Bill;

/** What npm itself says is installed with a program, `name@version` each. */
function installedWith(program: string): readonly string[] {
  const args = [
    "ls",
    "-w",
    `@edgemere/${program}`,
    "--omit=dev",
    "--all",
    "--parseable",
    "--long",
    "--package-lock-only",
  ];
  const lines = execFileSync("npm", args, { cwd: repository, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const ours = ["edgemere", `@edgemere/${program}`];
  // Of a package that is installed under another name npm tells both: `name@npm:own@version`.
  const names = lines.split("\n").flatMap((line) => /:(?:[^:]+@npm:)?(@?[^:@]+@[^:]+)/.exec(line)?.[1] ?? []);
  return [...new Set(names)].filter((name) => !ours.some((own) => name.startsWith(`${own}@`))).toSorted();
}

const nameOf = ({ purl }: Component): string => purl.replace("pkg:npm/", "").replace("%40", "@");

for (const program of ["protocol", "agent", "simulators"] as const)
  test(`the bill of materials of ${program} names what is installed with it, and nothing else`, () => {
    assert.deepEqual(billOf(program).components.map(nameOf).toSorted(), installedWith(program));
  });

test("the bill of materials of the control plane names also what is bundled into the portal", () => {
  const named = new Set(billOf("control-plane").components.map(nameOf));

  assert.deepEqual(
    installedWith("control-plane").filter((name) => !named.has(name)),
    [],
  );
  const { devDependencies } = JSON.parse(textOf("control-plane/package.json")) as {
    devDependencies: Record<string, string>;
  };
  const tools = ["@types/react-dom", "@vitejs/plugin-react", "vite"];
  assert.deepEqual(
    Object.entries(devDependencies)
      .filter(([name, version]) => !named.has(`${name}@${version}`))
      .map(([name]) => name)
      .toSorted(),
    tools,
  );
});

for (const program of programs)
  test(`the bill of materials of ${program} is CycloneDX: each component once, with licence and hash, and every reference leads to one`, () => {
    const { bomFormat, specVersion, serialNumber, metadata, components, dependencies } = billOf(program);
    const all = [metadata.component, ...components];
    const refs = new Set(all.map((component) => component["bom-ref"]));

    assert.deepEqual([bomFormat, specVersion], ["CycloneDX", "1.6"]);
    assert.match(serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(metadata.component.type, "application");
    assert.equal(refs.size, all.length);
    for (const { type, name, version, purl, licenses, hashes } of components) {
      assert.deepEqual([type, licenses.length], ["library", 1], name);
      assert.match(purl, /^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+/);
      assert.ok(licenses[0]?.expression ?? licenses[0]?.license?.id, name);
      assert.ok(purl.startsWith("pkg:npm/%40edgemere/") || /^[0-9a-f]{128}$/.test(hashes?.[0]?.content ?? ""), name);
      assert.ok(purl.endsWith(`@${version}`));
    }
    assert.deepEqual(
      dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !refs.has(ref)),
      [],
    );
    assert.equal(dependencies.length, all.length);
  });

test("the same lockfile gives the same bills of materials, to the byte", () => {
  write("other");

  for (const program of programs) assert.equal(bytesOf(program, "other"), bytesOf(program));
});

// The bill of materials of each program, as CycloneDX. `npm run sbom [-- FOLDER]` writes one file for each into FOLDER (dist/sbom).
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { closureOf, nameAt, neededBy, packagesIn, placeOf } from "./lockfile.mjs";
import { licenceOf, mayBeGivenOn } from "./packages.mjs";
import { filesBelow, main, root, StepFailed } from "./steps.mjs";

/** What others are given, and the folders whose imports are bundled into it. */
const programs = { protocol: [], agent: [], "control-plane": ["control-plane/portal"], simulators: [] };

/** The same lockfile gives the same bytes: no date, and a serial number that is made from the content. */
function billOf(packages, workspace, bundled) {
  const roots = [...new Set(bundled.flatMap(importsBelow))].flatMap((name) => placeOf(packages, workspace, name) ?? []);
  const components = new Map();
  const dependencies = new Map();
  for (const place of closureOf(packages, [workspace, ...roots])) {
    const component = componentAt(packages, place);
    const needed = [...neededBy(packages, place), ...(place === workspace ? roots : [])];
    const refs = needed.map((each) => componentAt(packages, each)["bom-ref"]);
    components.set(component["bom-ref"], component);
    // The same version may lie in two places, and find other packages in each.
    dependencies.set(component["bom-ref"], [...(dependencies.get(component["bom-ref"]) ?? []), ...refs]);
  }
  const { "bom-ref": own } = componentAt(packages, workspace);
  const content = {
    metadata: { component: { ...components.get(own), type: "application" } },
    components: sorted([...components.keys()].filter((ref) => ref !== own)).map((ref) => components.get(ref)),
    dependencies: sorted([...dependencies.keys()]).map((ref) => ({ ref, dependsOn: sorted(dependencies.get(ref)) })),
  };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    version: 1,
    ...content,
  };
}

function componentAt(packages, place) {
  const { name = nameAt(place), version, license, integrity } = packages[place];
  const stated = licenceOf({ name, version, license });
  if (!mayBeGivenOn(stated))
    throw new StepFailed(`${name} may not be given on: its licence is ${stated ?? "not known"}`);
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const [group, plain] = name.includes("/") ? name.split("/") : [undefined, name];
  return {
    type: "library",
    "bom-ref": purl,
    ...(group && { group }),
    name: plain,
    version,
    ...(integrity && { hashes: [{ alg: "SHA-512", content: hexOf(integrity) }] }),
    licenses: [/[ (]/.test(stated) ? { expression: stated } : { license: { id: stated } }],
    purl,
  };
}

/** Packages that the sources of a folder import, without what only its build needs. */
const importsBelow = (folder) =>
  filesBelow(folder, (path) => /\.tsx?$/.test(path) && !/\.(test|config)\.tsx?$/.test(path)).flatMap((path) =>
    [...readFileSync(join(root, path), "utf8").matchAll(/^(?:import|export)\b[^;"]*"((?:@[\w-]+\/)?[\w-]+)[^"]*";/gm)]
      .map(([, name]) => name)
      .filter((name) => name !== "node" && !name.startsWith("@edgemere/")),
  );

const sorted = (texts) => [...new Set(texts)].toSorted((one, other) => (one < other ? -1 : 1));
const hexOf = (integrity) => Buffer.from(integrity.slice(integrity.indexOf("-") + 1), "base64").toString("hex");

/** A UUID of version 8 (RFC 9562, 5.8). */
function uuidOf(text) {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

await main(async () => {
  const folder = process.argv[2] ?? join(root, "dist/sbom");
  mkdirSync(folder, { recursive: true });
  const packages = packagesIn(root);
  for (const [workspace, bundled] of Object.entries(programs)) {
    const file = join(folder, `${workspace}.cdx.json`);
    const bill = billOf(packages, workspace, bundled);
    writeFileSync(file, `${JSON.stringify(bill, undefined, 2)}\n`);
    console.log(`${file}: ${bill.components.length} components`);
  }
});

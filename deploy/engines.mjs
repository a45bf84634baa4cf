// Packages that refuse a Node we promise. `node deploy/engines.mjs` reads the lockfile of the folder it runs in.
import { readFileSync } from "node:fs";
import { satisfies } from "semver";
import { isMain } from "./steps.mjs";

const OLDEST_NODE = "20.19.0";

/** npm only warns when a package refuses the Node it runs on, and leaves it out without a word when it is optional. */
export function engineRefusals(lockfile) {
  const { packages } = JSON.parse(readFileSync(lockfile, "utf8"));
  return Object.entries(packages)
    .map(([path, { engines }]) => ({ path, range: engines?.node ?? "*" }))
    .filter(({ range }) => !satisfies(OLDEST_NODE, range) || !satisfies(process.versions.node, range))
    .map(({ path, range }) => `${path} wants Node ${range}`);
}

if (isMain(import.meta)) for (const refusal of engineRefusals("package-lock.json")) console.log(refusal);

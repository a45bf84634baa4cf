// What the lockfile says of the packages that are installed.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "node_modules/";

/** Every package by its place; the places without `node_modules` are ours. */
export const packagesIn = (folder) => JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")).packages;

/** The packages of others, each once, by place. */
export const foreignIn = (packages) =>
  Object.entries(packages).filter(([place, { link }]) => place.includes(FOLDER) && !link);

/** `@peculiar/x509` of `control-plane/node_modules/@peculiar/x509`. */
export const nameAt = (place) => place.slice(place.lastIndexOf(FOLDER) + FOLDER.length);

/** The place where Node finds a package when the one at `place` asks for it; undefined when it is not installed. */
export function placeOf(packages, place, name) {
  for (let folder = place; ; folder = outer(folder)) {
    const candidate = folder === "" ? `${FOLDER}${name}` : `${folder}/${FOLDER}${name}`;
    const found = packages[candidate];
    if (found !== undefined) return found.link ? found.resolved : candidate;
    if (folder === "") return undefined;
  }
}

const outer = (folder) => {
  const at = folder.lastIndexOf(FOLDER);
  return at <= 0 ? "" : folder.slice(0, at - 1);
};

/** Places of what a package asks for when it runs; what it does without is left out when it is not there. */
export const neededBy = (packages, place) => {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[place];
  return Object.keys({ ...peerDependencies, ...optionalDependencies, ...dependencies }).flatMap(
    (name) => placeOf(packages, place, name) ?? [],
  );
};

/** The places, and all that is needed by them, and so on. */
export function closureOf(packages, places) {
  const seen = new Set(places);
  // A set that grows while it is walked is walked to its end.
  for (const place of seen) for (const needed of neededBy(packages, place)) seen.add(needed);
  return [...seen];
}

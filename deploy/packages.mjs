// Packages that cannot be built on as they are. `node deploy/packages.mjs` reads the lockfile and the manifest of the folder it runs in.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { foreignIn, nameAt, packagesIn } from "./lockfile.mjs";
import { isMain } from "./steps.mjs";

/** What may go with a program that others are given. */
const GIVEN_ON = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "MIT-0",
  "Unlicense",
]);
/** What may be worked with beside that, and is given to nobody. */
const WORKED_WITH = new Set([...GIVEN_ON, "CC0-1.0", "MPL-2.0", "Python-2.0"]);
/** Licences that the lockfile does not know, as somebody has read them in the package itself. */
const READ_LICENCES = {
  "busboy@1.6.0": "MIT",
  "humanize-number@0.0.2": "MIT",
  "only@0.0.2": "MIT",
  "streamsearch@1.1.0": "MIT",
  "xmlhttprequest-ssl@2.1.2": "MIT",
};

/** As the lockfile states it, or as it was read; undefined when nobody knows it. */
export const licenceOf = ({ name, version, license }) => license ?? READ_LICENCES[`${name}@${version}`];
export const mayBeGivenOn = (licence) => isAccepted(licence, GIVEN_ON);

/** What is wrong with the packages of a folder, in lines; none when they may be built on. */
export function packageFaults(folder) {
  const packages = packagesIn(folder);
  const { allowScripts = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const foreign = foreignIn(packages).map(([place, entry]) => ({ ...entry, place, name: nameAt(place) }));
  const asking = new Set(foreign.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name));
  return [
    ...foreign.flatMap((entry) => faultsOf(entry).map((fault) => `${entry.place} ${fault}`)),
    ...[...asking]
      .filter((name) => allowScripts[name] !== false)
      .map(
        (name) => `${name} wants to run a script when it is installed: do without it, and say false under allowScripts`,
      ),
    ...Object.keys(allowScripts)
      .filter((name) => !asking.has(name))
      .map((name) => `${name} stands under allowScripts and has no script`),
  ];
}

function faultsOf(entry) {
  const { version, resolved, integrity, dev } = entry;
  const faults = [];
  // The project's own .npmrc leaves out where a package of the registry came from: what is named is another place.
  if (resolved !== undefined) faults.push(`comes from ${resolved} and not from the registry`);
  if (!/^\d+\.\d+\.\d+([-+][\w.+-]+)?$/.test(version ?? "")) faults.push("has no version of its own");
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? "")) faults.push("has no SHA-512 of what is installed");
  const stated = licenceOf(entry);
  if (!isAccepted(stated, dev ? WORKED_WITH : GIVEN_ON)) faults.push(`has the licence ${stated ?? "nobody knows"}`);
  return faults;
}

/** An SPDX expression of identifiers, any of which may be chosen, or all of which hold. */
const isAccepted = (licence = "", accepted) =>
  licence
    .replaceAll(/[()]/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((each) => accepted.has(each)));

if (isMain(import.meta)) for (const fault of packageFaults(".")) console.log(fault);

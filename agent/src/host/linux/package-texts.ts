import type { PackageChange } from "../host.ts";

/** A package as dpkg knows it. */
export interface KnownPackage {
  readonly version: string;
  /** Unpacked and configured, or about to handle triggers. */
  readonly isInstalled: boolean;
  /** Neither installed nor gone: dpkg was cut off, or its scripts failed. */
  readonly isBroken: boolean;
}

/** For `dpkg-query --showformat`; read by `knownPackages`. */
export const PACKAGE_FORMAT = "${binary:Package}\\t${Version}\\t${db:Status-Abbrev}\\n";

/** The packages that dpkg knows, by name; of a foreign architecture as `name:architecture`. */
export function knownPackages(text: string): ReadonlyMap<string, KnownPackage> {
  const packages = new Map<string, KnownPackage>();
  for (const line of text.split("\n")) {
    // The three letters of a state: what is wanted, what is, and whether it must be installed again (dpkg-query(1)).
    const [name, version, state = ""] = line.split("\t");
    if (name === undefined || version === undefined || name === "") continue;
    const isInstalled = "iWt".includes(state.charAt(1) || "n");
    const isBroken = "UFH".includes(state.charAt(1) || "n") || state.charAt(2) === "R";
    packages.set(name, { version, isInstalled, isBroken });
  }
  return packages;
}

/** What became another version, came or went, by name. */
export function changesBetween(
  before: ReadonlyMap<string, KnownPackage>,
  after: ReadonlyMap<string, KnownPackage>,
): readonly PackageChange[] {
  const versionIn = (packages: ReadonlyMap<string, KnownPackage>, name: string) => {
    const known = packages.get(name);
    return known?.isInstalled === true ? known.version : "";
  };
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((name) => ({ name, before: versionIn(before, name), after: versionIn(after, name) }))
    .filter((each) => each.before !== each.after)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A package by the name that somebody gave it: with or without its architecture. */
export function findPackage(packages: ReadonlyMap<string, KnownPackage>, name: string): KnownPackage | undefined {
  const exact = packages.get(name) ?? packages.get(name.split(":")[0] ?? "");
  return exact ?? [...packages].find(([each]) => each.startsWith(`${name}:`))?.[1];
}

/** What a simulated run of apt-get would do, by the names of packages. */
export interface Plan {
  readonly installs: readonly string[];
  readonly removes: readonly string[];
}

/** Read from `apt-get --simulate`. */
export function planIn(text: string): Plan {
  const lines = text.split("\n");
  return {
    installs: lines.flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? []),
    removes: lines.flatMap((line) => /^(?:Remv|Purg) (\S+)/.exec(line)?.[1] ?? []),
  };
}

/** Whether two names are of one package, when one of them may say its architecture. */
export const isSamePackage = (a: string, b: string): boolean =>
  a === b || a.startsWith(`${b}:`) || b.startsWith(`${a}:`);

/** Whether another program holds what apt or dpkg wants for itself. */
export const isLocked = (text: string): boolean =>
  /Could not get lock|Unable to lock|Unable to acquire the dpkg frontend lock|(is|was) locked by another process/.test(
    text,
  );

export type PackageFault = "not-found" | "not-allowed" | "failed";

/** Why apt or dpkg did not do it, and in which words. */
export function faultIn(text: string): { readonly reason: PackageFault; readonly words: string } {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /^(E:|dpkg: error|W: .*(Failed|failed))/.test(line));
  const words = (errors.length > 0 ? errors : lines.slice(-5)).join("\n") || "it did not say why";
  if (/Unable to locate package|has no installation candidate|Version '.*' for '.*' was not found/.test(text))
    return { reason: "not-found", words };
  if (
    /are you root\?|superuser privilege|Permission denied|Operation not permitted|Held packages were changed/.test(text)
  )
    return { reason: "not-allowed", words };
  return { reason: "failed", words };
}

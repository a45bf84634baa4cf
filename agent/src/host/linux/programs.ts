import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { HostError } from "../host.ts";

/** What a program finds in its environment; nothing else of the agent's own is passed on. */
export function minimalEnvironment(): { readonly PATH: string; readonly HOME: string; readonly LANG: string } {
  return {
    PATH: process.env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: process.env["HOME"] ?? "/",
    LANG: process.env["LANG"] ?? "C.UTF-8",
  };
}

/** The file that a program's name means: looked for in `path` when it has no slash, else below `folder`. */
export async function findProgram(
  name: string,
  where: { readonly path: string; readonly folder: string },
): Promise<string> {
  const candidates = name.includes("/")
    ? [resolve(where.folder, name)]
    : where.path
        .split(delimiter)
        .filter((folder) => folder !== "")
        .map((folder) => resolve(where.folder, join(folder, name)));
  const states = await Promise.all(candidates.map(stateOf));
  const found = candidates[states.indexOf("executable")];
  if (found !== undefined) return found;
  if (states.includes("not executable"))
    throw new HostError("not-allowed", `the program ${name} may not be executed on this device: check its permissions`);
  throw new HostError(
    "not-found",
    name.includes("/")
      ? `the program ${name} does not exist on this device`
      : `the program ${name} was not found on this device: looked in ${where.path}`,
  );
}

async function stateOf(path: string): Promise<"executable" | "not executable" | "absent"> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return "absent";
  if (!file.isFile()) return "not executable";
  return access(path, constants.X_OK).then(
    () => "executable",
    () => "not executable",
  );
}

/** Throws when a program cannot work in a directory. */
export async function mustBeDirectory(path: string): Promise<void> {
  if (!path.startsWith("/"))
    throw new HostError("not-found", `the working directory must be an absolute path, not "${path}"`);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new HostError("not-found", `the working directory ${path} does not exist`);
  if (!found.isDirectory()) throw new HostError("not-found", `${path} is no directory`);
}

import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownName, sweep } from "./leftovers.ts";

/** A control group of the first version, with settings; processes join it by `launches.grouped`. */
export async function controlGroup(
  kind: "memory" | "freezer",
  settings: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly folder: string }> {
  await sweep();
  const folder = join("/sys/fs/cgroup", kind, ownName());
  await mkdir(folder);
  for (const [name, value] of Object.entries(settings)) await writeFile(join(folder, name), value);
  return { folder, [Symbol.asyncDispose]: () => rmdir(folder).catch(() => {}) };
}

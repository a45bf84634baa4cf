import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Where a program of this machine is; undefined when it is not installed. */
export async function installed(
  name: string,
  folders = (process.env["PATH"] ?? "").split(delimiter),
): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

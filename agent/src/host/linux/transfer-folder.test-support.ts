import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of this machine that is open to files, and gone at its end. */
export async function transferFolder() {
  const root = await realpath(await mkdtemp(join(tmpdir(), "edgemere-transfers-")));
  return {
    root,
    /** Nobody but its owner may read it. */
    write: (name: string, content: string | Uint8Array) => writeFile(join(root, name), content, { mode: 0o600 }),
    read: (name: string) => readFile(join(root, name)),
    names: () => readdir(root),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  };
}

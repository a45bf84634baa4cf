import { spawnSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.ts";

const root = join(import.meta.dirname, "../../../..");

/**
 * What F70 takes for the older side: four kinds of commands fewer (`policy.pack`, `data.report`, `data.snapshot`, `file.list`), reports of directories without
 * changes, and none of what policies on devices tell. It is built from this repository, since it is what a site may still run.
 */
const OLDER = "3a4473dd05ae1d88a689ba218f4f0f5bfb2b71ea";

/** Neither a shallow clone nor an archive has it. */
export const hasOlderSources = (): boolean =>
  spawnSync("git", ["cat-file", "-e", `${OLDER}^{commit}`], { cwd: root, stdio: "ignore" }).status === 0;

/** Agent and control plane as they were then, built in this folder as `npm start` builds them; gives where they are. */
export async function olderBuild(folder: string): Promise<string> {
  const older = join(folder, "older");
  const archive = join(folder, "older.tar");
  await mkdir(older);
  await command("git", "-C", root, "archive", "--output", archive, OLDER);
  await command("tar", "-xf", archive, "-C", older);
  await installed(older);
  const built = 'import { build } from "./deploy/build.mjs"; await build({ everything: false });';
  await command("env", "-C", older, process.execPath, "--input-type=module", "--eval", built);
  return older;
}

/** What its lock file names: what is installed here, where that is the same. */
async function installed(older: string): Promise<void> {
  const lockOf = (at: string) => readFile(join(at, "package-lock.json"), "utf8");
  if ((await lockOf(older)) !== (await lockOf(root))) {
    await command("npm", "ci", "--ignore-scripts", "--prefer-offline", "--prefix", older);
    return;
  }
  const [here, there] = [join(root, "node_modules"), join(older, "node_modules")];
  await mkdir(there);
  for (const name of await readdir(here)) {
    // Our own packages are links to folders beside node_modules: copied as they are, they lead to the older ones.
    if (name === "@edgemere")
      await cp(join(here, name), join(there, name), { recursive: true, verbatimSymlinks: true });
    else await symlink(join(here, name), join(there, name));
  }
}

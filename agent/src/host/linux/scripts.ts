import { createHash } from "node:crypto";
import { chown, lstat, mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostError, type ProgramResult, type Script } from "../host.ts";
import type { Runner } from "./run.ts";
import { userToRunAs } from "./users.ts";

const PREFIX = "edgemere-script-";

/** Runs a script from a file that only its user can read. The folder of the file is its own, and gone when it ends. */
export async function runScript(script: Script, run: Runner): Promise<ProgramResult> {
  const { interpreter, content, arguments: rest, ...program } = script;
  const user = script.user === undefined ? undefined : await userToRunAs(script.user);
  // In /tmp, which every user can reach: the agent's own data folder is closed to them.
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${script.mark}-`));
  try {
    const file = join(folder, "script");
    await keep(file, content);
    if (user !== undefined) for (const path of [file, folder]) await chown(path, user.uid, user.gid);
    const cwd = program.cwd ?? folder;
    return await run({ ...program, cwd, argv: [interpreter[0], ...interpreter.slice(1), file, ...rest] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what scripts left whose agent died; gives how many there were. What belongs to others is left alone. */
export async function removeScripts(marks: readonly string[]): Promise<number> {
  const folders = (await readdir(tmpdir())).filter((name) =>
    marks.some((mark) => name.startsWith(`${PREFIX}${mark}-`) && name.length === PREFIX.length + mark.length + 7),
  );
  let removed = 0;
  for (const path of folders.map((name) => join(tmpdir(), name))) {
    const found = await lstat(path).catch(() => undefined);
    const isOurs = found?.isDirectory() === true && (process.geteuid?.() === 0 || found.uid === process.geteuid?.());
    if (!isOurs) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

/** Written, and found to be what it must be: what a full or failing disk made of it does not run. */
async function keep(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o400);
  try {
    await file.writeFile(content);
  } catch (cause) {
    throw new HostError("failed", "the script cannot be written on this device", { cause });
  } finally {
    await file.close();
  }
  if (!sha256(await readFile(path)).equals(sha256(content)))
    throw new HostError("failed", "the script on this device's disk is not what was written");
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

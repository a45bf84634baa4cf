import { chmod, chown, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { missing } from "../faults/needs.ts";
import type { Launch } from "../world/program.ts";

/** Nobody in particular, as on most systems. */
const NOBODY = 65_534;
const repository = join(import.meta.dirname, "../../..");

/** Why the sandbox cannot be made here; undefined when it can. */
export async function noSandbox(): Promise<string | undefined> {
  const needed = missing(["root", "prlimit"]);
  if (needed !== undefined) return needed;
  const folders = [repository];
  for (let folder = repository; folder !== dirname(folder); folder = dirname(folder)) folders.push(dirname(folder));
  const modes = await Promise.all(folders.map(async (folder) => ({ folder, mode: (await stat(folder)).mode })));
  const closed = modes.filter(({ mode }) => (mode & 0o001) === 0).map(({ folder }) => folder);
  return closed.length === 0 ? undefined : `another user may not look into ${closed.join(", ")}`;
}

/**
 * What deploy/systemd/edgemere-agent.service has systemd do, without systemd: another user, no capability now or ever, and no file to
 * write to but those of the agent.
 */
export async function sandboxed(dataFolder: string): Promise<Launch> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  await chown(dataFolder, NOBODY, NOBODY);
  // The agent's own folder is reached, what lies beside it is not listed.
  await chmod(dirname(dataFolder), 0o711);
  const script = [
    'mount --bind "$0" "$0"',
    "mount -o remount,bind,ro /",
    `exec setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`,
  ].join(" && ");
  return { under: ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, dataFolder] };
}

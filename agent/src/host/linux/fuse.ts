import { constants } from "node:fs";
import { access, lstat, mkdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HostError } from "../host.ts";
import type { HostMounts } from "../host-mounts.ts";
import { MountDoor } from "./mount-door.ts";
import { mountedAt } from "./mounts.ts";
import { findProgram, minimalEnvironment } from "./programs.ts";
import type { Runner } from "./run.ts";

const DEVICE = "/dev/fuse";
const UNMOUNTER = "fusermount3";
const NAME = "edgemere";
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const LAYERS = 10;
const FLAGS = [
  "--read-only --default-permissions --umask 0022 --file-perms 0444 --dir-perms 0555",
  // What is read is checked by the agent each time: nothing of it is kept beside the kernel's own pages.
  "--vfs-cache-mode off --buffer-size 0 --max-read-ahead 128Ki",
  "--vfs-read-chunk-size 512Ki --vfs-read-chunk-size-limit 512Ki --dir-cache-time 1s",
  "--retries 1 --low-level-retries 1 --contimeout 5s --timeout 2m --log-level ERROR",
].flatMap((line) => line.split(" "));

/** By rclone and FUSE, where the host has both. */
export function linuxMounts(run: Runner): HostMounts {
  const placeIn = (folder: string) => join(folder, NAME);
  const unmount = (place: string) =>
    run({ argv: [UNMOUNTER, "-u", "-z", place], maxOutputBytes: 0 }).then(({ exitCode }) => exitCode === 0);

  /** Whatever lies over it, a file system of a program that was killed too. */
  async function cleared(place: string): Promise<void> {
    for (let i = 0; i < LAYERS && (await typeAt(place)) !== undefined; i++)
      if (!(await typeAt(place))?.startsWith("fuse") || !(await unmount(place)))
        throw new HostError("failed", `${place} has something mounted over it that is not the agent's`);
  }

  return {
    placeIn,
    hindrance: async (folder) => {
      try {
        await refuseWithoutPrivileges();
        const readWrite = constants.R_OK | constants.W_OK;
        await access(DEVICE, readWrite).catch(() => refuse(`${DEVICE} is not there, or not open to the agent`));
        const where = { path: minimalEnvironment().PATH, folder: "/" };
        for (const program of ["rclone", UNMOUNTER]) await findProgram(program, where);
        await refuseOpenToOthers(folder);
        return undefined;
      } catch (error) {
        if (error instanceof HostError) return error.message;
        throw error;
      }
    },
    show: async (folder, { mark, ...shown }, signal) => {
      const place = placeIn(folder);
      await refuseOpenToOthers(folder);
      await cleared(place);
      await mkdir(place, { mode: 0o755 }).catch(() => {});
      if (!(await lstat(place)).isDirectory()) throw new HostError("not-allowed", `${place} is no folder`);
      await using door = new MountDoor(shown);
      // In the environment, which the kernel shows to the agent's own user and root alone.
      const env = {
        RCLONE_CONFIG: "/dev/null",
        RCLONE_CONFIG_EDGEMERE_TYPE: "http",
        RCLONE_CONFIG_EDGEMERE_URL: await door.start(),
        RCLONE_CONFIG_EDGEMERE_HEADERS: `Authorization,${door.authorization}`,
        GOMEMLIMIT: "64MiB",
        GOMAXPROCS: "2",
      };
      const others = process.geteuid?.() === 0 ? ["--allow-other"] : [];
      const words: string[] = [];
      const { exitCode } = await run({
        argv: ["rclone", "mount", "edgemere:", place, ...FLAGS, ...others],
        env,
        mark,
        maxOutputBytes: 64 * 1024,
        onOutput: (_, bytes) => void (words.splice(0, words.length - 4), words.push(Buffer.from(bytes).toString())),
        signal,
      });
      await cleared(place);
      if (!signal.aborted)
        throw new HostError("failed", `rclone ended with ${exitCode ?? "a signal"}: ${words.join("").trim()}`);
    },
    isSeen: async (folder, { name, bytes }) => {
      const place = placeIn(folder);
      if (!(await typeAt(place))?.startsWith("fuse")) return false;
      const seen = await stat(join(place, name)).catch(() => undefined);
      return seen?.isFile() === true && seen.size === bytes;
    },
  };
}

const typeAt = async (place: string): Promise<string | undefined> =>
  mountedAt(await readFile("/proc/self/mountinfo", "utf8"), place);

/** Whoever is not root mounts by a program that gains privileges when it starts. */
async function refuseWithoutPrivileges(): Promise<void> {
  const mayGainNone = /^NoNewPrivs:\s*1$/m.test(await readFile("/proc/self/status", "utf8"));
  if (process.geteuid?.() !== 0 && mayGainNone)
    refuse(
      `${UNMOUNTER} can mount nothing for the agent, which is not root and may gain no privileges (NoNewPrivileges)`,
    );
}

/** Who could put a link in its place would choose where it is laid. */
async function refuseOpenToOthers(folder: string): Promise<void> {
  const real = await realpath(folder).catch(() => refuse(`${folder} does not exist`));
  if (real !== folder) refuse(`${folder} is reached by a link: name ${real}`);
  for (let each = folder; ; each = dirname(each)) {
    const { uid, mode } = await stat(each);
    const isOpen = (mode & WRITABLE_BY_OTHERS) !== 0 && (each === folder || (mode & STICKY) === 0);
    if (isOpen || (uid !== 0 && uid !== process.geteuid?.()))
      refuse(`${each} can be written by others than root and the agent: chown and chmod go-w ${each}`);
    if (each === dirname(each)) return;
  }
}

function refuse(why: string): never {
  throw new HostError("not-allowed", why);
}

import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.ts";
import { ownName, sweep } from "./leftovers.ts";

/** A file system of its own. */
export interface Disk extends AsyncDisposable {
  readonly folder: string;
}

export interface CuttableDisk extends Disk {
  /**
   * Everything that was not synced is gone, nothing more is written, and the process that works on it does not take another step:
   * it is to be killed. Gives whether it was in a call to the disk; that moment is looked for in so many tries.
   */
  cut(pid: number, tries?: number): Promise<boolean>;
  /** The disk as it is after a cut. Nobody may have a file open on it. */
  mount(): Promise<void>;
  unmount(): Promise<void>;
}

const MIB = 1024 * 1024;
const cutPower = join(import.meta.dirname, "../../../faults/tools/cut-power.pl");

/** ext4 in a file, whose power can be cut. */
export async function cuttableDisk(parent: string, mebibytes = 128): Promise<CuttableDisk> {
  await sweep();
  const around = join(parent, ownName());
  const [folder, image] = [join(around, "disk"), `${around}.image`];
  await mkdir(around);
  await writeFile(image, "");
  await truncate(image, mebibytes * MIB);
  await command("mkfs.ext4", "-q", "-F", image);
  // Other scenarios enter namespaces, which copies every mount: only from a shared place an unmounting reaches the copies.
  await command("mount", "--bind", around, around);
  await command("mount", "--make-shared", around);
  await mkdir(folder);
  const mount = async () => void (await command("mount", "-o", "loop", image, folder));
  const unmount = async () => void (await command("umount", folder));
  await mount();
  return {
    folder: join(folder, "data"),
    cut: async (pid, tries = 1) => Number(await command("perl", cutPower, folder, String(pid), String(tries))) > 0,
    mount,
    unmount,
    [Symbol.asyncDispose]: async () => {
      for (const each of [folder, around]) await gone(each);
      await command("rm", "-f", image);
    },
  };
}

export interface SmallDisk extends Disk {
  remount(state: "ro" | "rw"): Promise<void>;
  /** Somebody else's file takes all but so much; 0 leaves nothing. */
  fill(leftBytes: number): Promise<void>;
  /** Somebody else's file goes again. */
  clear(): Promise<void>;
}

/** A file system in memory of this size, and of so many files. */
export async function smallDisk(
  parent: string,
  { bytes, files }: { bytes: number; files?: number },
): Promise<SmallDisk> {
  await sweep();
  const folder = join(parent, ownName());
  await mkdir(folder);
  const size = `size=${bytes},mode=0700${files === undefined ? "" : `,nr_inodes=${files}`}`;
  await command("mount", "-t", "tmpfs", "-o", size, "tmpfs", folder);
  const filler = join(folder, "filler");
  return {
    folder: join(folder, "data"),
    remount: async (state) => void (await command("mount", "-o", `remount,${state}`, folder)),
    fill: async (leftBytes) => {
      const { free } = await spaceOf(folder);
      // Asked for more than there is, it takes what there is.
      await command("fallocate", "-l", String(Math.max(4_096, free - leftBytes)), filler).catch(() => {});
      if (leftBytes === 0) await command("sh", "-c", `cat /dev/zero >> ${filler} 2>/dev/null || true`);
    },
    clear: async () => void (await command("rm", "-f", filler)),
    [Symbol.asyncDispose]: () => gone(folder),
  };
}

async function spaceOf(folder: string): Promise<{ readonly free: number }> {
  const text = await command("df", "--output=avail", "-B1", folder);
  return { free: Number(text.split("\n")[1]) };
}

async function gone(folder: string): Promise<void> {
  // Whoever held a file open has been told to end; a lazy one does not wait for that.
  await command("umount", "--lazy", folder).catch(() => {});
}

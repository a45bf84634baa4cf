import { link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Another live process holds the data folder. */
export class AlreadyRunning extends Error {
  readonly pid: number;
  constructor(folder: string, pid: number) {
    super(`another agent (process ${pid}) already runs on ${folder}; stop it, or choose another folder with --data`);
    this.name = "AlreadyRunning";
    this.pid = pid;
  }
}

interface Owner {
  readonly pid: number;
  /** Tells this process from a later one with the same number, even after a restart of the machine. */
  readonly birth: string;
}

const NAME = /^lock\.(\d+)$/;

/**
 * Takes the data folder for this process alone; throws AlreadyRunning. Each owner adds a file with the next number, which
 * only one process can make. A file counts only while its owner lives, so nothing needs to be cleaned up after a crash.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const running = await ownerOfFolder(folder);
  if (running !== undefined) throw new AlreadyRunning(folder, running);

  const mine = ((await numbersIn(folder)).at(-1) ?? 0) + 1;
  await claim(folder, mine);
  const release = () => rm(join(folder, `lock.${mine}`), { force: true });
  for (const number of await numbersIn(folder)) {
    if (number === mine) continue;
    const other = await ownerOf(join(folder, `lock.${number}`));
    // Two that start at the same moment may both give up here; what must not be is that both go on.
    if (other !== undefined && (await isAlive(other))) {
      await release();
      throw new AlreadyRunning(folder, other.pid);
    }
    await rm(join(folder, `lock.${number}`), { force: true });
  }
  return { [Symbol.asyncDispose]: release };
}

/** Number of the process that has the folder; undefined when none has. */
export async function ownerOfFolder(folder: string): Promise<number | undefined> {
  for (const number of await numbersIn(folder).catch(() => [])) {
    const owner = await ownerOf(join(folder, `lock.${number}`));
    if (owner !== undefined && (await isAlive(owner))) return owner.pid;
  }
  return undefined;
}

/** A link appears in one step and whole, or fails because the name is taken. */
async function claim(folder: string, number: number): Promise<void> {
  const draft = join(folder, `lock.${process.pid}.draft`);
  const me: Owner = { pid: process.pid, birth: (await birthOf(process.pid)) ?? "" };
  await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
  try {
    await link(draft, join(folder, `lock.${number}`));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    const owner = await ownerOf(join(folder, `lock.${number}`));
    throw new AlreadyRunning(folder, owner?.pid ?? 0);
  } finally {
    await rm(draft, { force: true });
  }
}

async function numbersIn(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => Number(NAME.exec(name)?.[1] ?? 0) || []).sort((a, b) => a - b);
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Owner;
  } catch {
    // Gone meanwhile, or cut short by a power cut: nobody who is alive.
    return undefined;
  }
}

const isAlive = async ({ pid, birth }: Owner): Promise<boolean> => (await birthOf(pid)) === birth;

/** Boot and start time of a process; undefined when it does not live. */
async function birthOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // After the name, which may hold anything: state, then the start time as the 20th word (proc_pid_stat(5)).
    const words = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (words[0] === "Z" || words[0] === "X") return undefined;
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot.trim()}/${words[19] ?? ""}`;
  } catch {
    return undefined;
  }
}

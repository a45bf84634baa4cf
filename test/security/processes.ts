import { readdir, readFile, readlink } from "node:fs/promises";

/** What proc(5) tells of a process and of all that it has started. */
export interface Process {
  readonly pid: number;
  readonly argv: string;
  readonly environment: string;
}

/** The process and its descendants, those that have ended left out. */
export async function processTree(root: number): Promise<readonly Process[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    const stat = /^\d+$/.test(name) ? await read(`/proc/${name}/stat`) : "";
    // The name of a program may hold blanks and brackets: the parent is the second word after the last one.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (stat !== "") parents.set(Number(name), parent);
  }
  const isOurs = (pid: number): boolean => pid === root || (parents.has(pid) && isOurs(parents.get(pid) ?? 0));
  const pids = [...parents.keys()].filter(isOurs);
  return Promise.all(
    pids.map(async (pid) => ({
      pid,
      argv: await read(`/proc/${pid}/cmdline`),
      environment: await read(`/proc/${pid}/environ`),
    })),
  );
}

/** Every door that these processes hold open: `tcp 127.0.0.1:3000`, and any UDP socket that is bound. */
export async function doorsOf(processes: readonly Process[]): Promise<readonly string[]> {
  const doors = new Set<string>();
  for (const { pid } of processes) {
    const inodes = await socketsOf(pid);
    for (const table of ["tcp", "tcp6", "udp", "udp6"])
      for (const { address, state, inode } of await rows(`/proc/${pid}/net/${table}`))
        if (inodes.has(inode) && (state === LISTENING || table.startsWith("udp")))
          doors.add(`${table} ${written(address)}`);
  }
  return [...doors].toSorted();
}

const LISTENING = "0A";

async function socketsOf(pid: number): Promise<ReadonlySet<string>> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => "")));
  return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
}

async function rows(path: string) {
  const lines = (await read(path)).trim().split("\n").slice(1);
  return lines.map((line) => {
    const [, address = "", , state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
    return { address, state, inode };
  });
}

/** `0100007F:0BB8` as the kernel writes it, in words of four bytes whose lowest comes first. */
function written(address: string): string {
  const [host = "", port = ""] = address.split(":");
  const bytes = (host.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).toReversed());
  const name =
    bytes.length === 4
      ? bytes.map((byte) => Number.parseInt(byte, 16)).join(".")
      : `[${(bytes.join("").match(/.{4}/g) ?? []).join(":")}]`;
  return `${name}:${Number.parseInt(port, 16)}`;
}

const read = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");

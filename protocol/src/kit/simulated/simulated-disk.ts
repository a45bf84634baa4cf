import { resolve } from "node:path/posix";
import type { Appender, Disk, Random } from "../env.ts";

interface SimulatedFile {
  content: Uint8Array;
  /** Bytes from the start that would survive a power cut. */
  synced: number;
}

/** A disk in memory that forgets what was not synced when its power is cut. Survives the objects that use it. */
export class SimulatedDisk implements Disk {
  readonly #files = new Map<string, SimulatedFile>();
  readonly #totalBytes: number;

  constructor(totalBytes = 1024 ** 3) {
    this.#totalBytes = totalBytes;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#files.get(at(path))?.content.slice();
  }

  async list(folder: string): Promise<readonly string[]> {
    const prefix = at(folder) === "/" ? "/" : `${at(folder)}/`;
    return [...this.#files.keys()]
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes("/"))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  async write(path: string, content: Uint8Array): Promise<void> {
    this.#makeRoom(content.length);
    this.#files.set(at(path), { content: content.slice(), synced: content.length });
  }

  async append(path: string): Promise<Appender> {
    const existing = this.#files.get(at(path));
    const file = existing ?? { content: new Uint8Array(), synced: 0 };
    if (existing === undefined) this.#files.set(at(path), file);
    let size = file.content.length;
    let open = true;
    const mustBeOpen = () => {
      if (!open) throw Object.assign(new Error(`closed: ${path}`), { code: "EBADF" });
    };
    return {
      get size() {
        return size;
      },
      write: async (content) => {
        mustBeOpen();
        this.#makeRoom(content.length);
        file.content = joined(file.content, content);
        size += content.length;
      },
      sync: async () => {
        mustBeOpen();
        file.synced = file.content.length;
      },
      close: async () => {
        open = false;
      },
    };
  }

  async truncate(path: string, size: number): Promise<void> {
    const file = this.#files.get(at(path));
    if (file === undefined) throw missing(path);
    file.content = file.content.slice(0, size);
    file.synced = file.content.length;
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#files.get(at(from));
    if (file === undefined) throw missing(from);
    this.#files.delete(at(from));
    this.#files.set(at(to), file);
  }

  async remove(path: string): Promise<void> {
    this.#files.delete(at(path));
  }

  async space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    const used = [...this.#files.values()].reduce((sum, file) => sum + file.content.length, 0);
    return { freeBytes: Math.max(0, this.#totalBytes - used), totalBytes: this.#totalBytes };
  }

  /** What was not synced is lost, or kept up to an arbitrary byte: the last record may be torn. What is left has reached the disk. */
  cutPower(random: Random): void {
    for (const file of this.#files.values()) {
      const unsynced = file.content.length - file.synced;
      if (unsynced > 0) file.content = file.content.slice(0, file.synced + Math.floor(random.next() * (unsynced + 1)));
      file.synced = file.content.length;
    }
  }

  #makeRoom(bytes: number): void {
    const used = [...this.#files.values()].reduce((sum, file) => sum + file.content.length, 0);
    if (used + bytes > this.#totalBytes)
      throw Object.assign(new Error("no space left on the simulated disk"), { code: "ENOSPC" });
  }
}

const at = (path: string) => resolve("/", path);
const missing = (path: string) => Object.assign(new Error(`no such file: ${path}`), { code: "ENOENT" });

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

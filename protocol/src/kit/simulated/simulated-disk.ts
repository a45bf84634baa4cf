import { resolve } from "node:path/posix";
import type { Appender, Disk, Random } from "../env.ts";
import { SimulatedFile } from "./simulated-file.ts";

/** What is wrong with a simulated disk. */
export interface DiskTroubles {
  /** How long it takes until what was done is safe; a power cut in between may undo it. */
  readonly pause?: () => Promise<void>;
  /** Asked at each sync of an appended file; when it says yes, the sync fails and what it should have written never is. */
  readonly failsToSync?: () => boolean;
}

/** A change that is seen and not yet safe: what names stood for before. */
type Unsettled = readonly { readonly path: string; readonly before: SimulatedFile | undefined }[];

const noTroubles: DiskTroubles = {};

/** A disk in memory that forgets what was not synced when its power is cut. Survives the objects that use it. */
export class SimulatedDisk implements Disk {
  readonly #files = new Map<string, SimulatedFile>();
  #totalBytes: number;
  readonly #size: number;
  #usedBytes = 0;
  /** In the order in which they happened, which is the order in which they become safe. */
  #unsettled: Unsettled[] = [];
  /** Those of the process that uses the disk now. */
  troubles = noTroubles;

  constructor(totalBytes = 1024 ** 3) {
    this.#size = totalBytes;
    this.#totalBytes = totalBytes;
  }

  /** Bytes of all files together. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes of the files in a folder and in those below it. */
  bytesBelow(folder: string): number {
    const prefix = `${at(folder)}/`;
    let bytes = 0;
    for (const [path, file] of this.#files) if (path.startsWith(prefix)) bytes += file.length;
    return bytes;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#files.get(at(path))?.content();
  }

  async list(folder: string): Promise<readonly string[]> {
    const prefix = at(folder) === "/" ? "/" : `${at(folder)}/`;
    return [...this.#files.keys()]
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes("/"))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  async write(path: string, content: Uint8Array): Promise<void> {
    if (content.length > this.#free) throw full();
    await this.#settle(this.#point([at(path), SimulatedFile.holding(content)]));
  }

  async append(path: string): Promise<Appender> {
    const existing = this.#files.get(at(path));
    const file = existing ?? new SimulatedFile();
    if (existing === undefined) await this.#settle(this.#point([at(path), file]));
    let size = file.length;
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
        // As much as there is room for is written, and then it fails.
        const written = content.subarray(0, Math.max(0, this.#free));
        file.append(written);
        size += written.length;
        this.#usedBytes += written.length;
        if (written.length < content.length) throw full();
      },
      sync: async () => {
        mustBeOpen();
        const upTo = file.length;
        const fails = this.troubles.failsToSync?.() ?? false;
        await this.troubles.pause?.();
        if (!fails) return file.markSynced(upTo);
        file.dropUnsynced(upTo);
        throw Object.assign(new Error("the simulated disk failed to write"), { code: "EIO" });
      },
      close: async () => {
        open = false;
      },
    };
  }

  async truncate(path: string, size: number): Promise<void> {
    const file = this.#files.get(at(path));
    if (file === undefined) throw missing(path);
    const change = [{ path: at(path), before: file.copy() }];
    this.#unsettled.push(change);
    this.#usedBytes -= file.length;
    file.cut(size);
    this.#usedBytes += file.length;
    const { length } = file;
    await this.#settle(change);
    file.markSynced(length);
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#files.get(at(from));
    if (file === undefined) throw missing(from);
    await this.#settle(this.#point([at(to), file], [at(from), undefined]));
  }

  async remove(path: string): Promise<void> {
    if (this.#files.has(at(path))) await this.#settle(this.#point([at(path), undefined]));
  }

  async space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return { freeBytes: Math.max(0, this.#free), totalBytes: this.#totalBytes };
  }

  /** Others fill the disk until only so many bytes can still be written; without a number they leave it. */
  leaveRoom(bytes?: number): void {
    this.#totalBytes = bytes === undefined ? this.#size : this.#usedBytes + bytes;
  }

  /** Changes one bit somewhere on the disk; says in which file. */
  flipBit(random: Random): string | undefined {
    let left = Math.floor(random.next() * this.#usedBytes);
    for (const [path, file] of this.#files) {
      if (left < file.length) {
        file.flipBit(left, Math.floor(random.next() * 8));
        return path;
      }
      left -= file.length;
    }
    return undefined;
  }

  /** An image of what is on it, as a copy of a running machine's disk has it: what was never synced is not in it. */
  image(random: Random): SimulatedDisk {
    const image = new SimulatedDisk(this.#size);
    for (const [path, file] of this.#files) image.#put(path, file.copy());
    for (const { path, before } of this.#unsettled.flat().toReversed()) image.#put(path, before?.copy());
    image.cutPower(random);
    return image;
  }

  /** Puts an image in the place of everything. */
  restore(image: SimulatedDisk): void {
    this.#files.clear();
    this.#usedBytes = 0;
    for (const [path, file] of image.#files) this.#put(path, file.copy());
    this.#unsettled = [];
  }

  /** Names that were not safe yet may be as they were before; of contents, what was not synced is lost, or kept up to an arbitrary byte. */
  cutPower(random: Random): void {
    const kept = Math.floor(random.next() * (this.#unsettled.length + 1));
    for (const { path, before } of this.#unsettled.slice(kept).flat().toReversed()) this.#put(path, before);
    this.#unsettled = [];
    for (const file of this.#files.values()) file.cutPower(random);
    this.#usedBytes = [...this.#files.values()].reduce((sum, { length }) => sum + length, 0);
  }

  get #free(): number {
    return this.#totalBytes - this.#usedBytes;
  }

  /** Makes names stand for files, or for none: in one step, seen at once and not yet safe. */
  #point(...names: readonly (readonly [path: string, file: SimulatedFile | undefined])[]): Unsettled {
    const change = names.map(([path]) => ({ path, before: this.#files.get(path) }));
    this.#unsettled.push(change);
    for (const [path, file] of names) this.#put(path, file);
    return change;
  }

  #put(path: string, file: SimulatedFile | undefined): void {
    this.#usedBytes += (file?.length ?? 0) - (this.#files.get(path)?.length ?? 0);
    if (file === undefined) this.#files.delete(path);
    else this.#files.set(path, file);
  }

  /** Makes a change safe, and with it all that came before it. */
  async #settle(change: Unsettled): Promise<void> {
    await this.troubles.pause?.();
    this.#unsettled.splice(0, this.#unsettled.indexOf(change) + 1);
  }
}

const at = (path: string) => resolve("/", path);
const full = () => Object.assign(new Error("no space left on the simulated disk"), { code: "ENOSPC" });
const missing = (path: string) => Object.assign(new Error(`no such file: ${path}`), { code: "ENOENT" });

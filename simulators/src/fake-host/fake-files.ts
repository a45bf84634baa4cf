import { createHash } from "node:crypto";
import { HostError } from "@edgemere/agent";
import type { DataFile, Host } from "@edgemere/agent";
import type { Clock } from "@edgemere/protocol/kit";

interface StoredFile {
  readonly content: Uint8Array;
  readonly modifiedAt: number;
}

/** Names a file of a fake host. */
export interface FilePlace {
  /** The data directory. */
  readonly directory: string;
  /** Relative to it. */
  readonly name: string;
}

/** The data directories of a fake host, in memory. */
export class FakeFiles implements Pick<Host, "listFiles" | "hashFile" | "capacity"> {
  readonly #directories = new Map<string, Map<string, StoredFile>>();
  readonly #clock: Clock;
  readonly #totalBytes: number;

  constructor(clock: Clock, totalBytes: number) {
    this.#clock = clock;
    this.#totalBytes = totalBytes;
  }

  /** Makes a directory; one that is there stays as it is. */
  makeDirectory(path: string): void {
    if (!this.#directories.has(path)) this.#directories.set(path, new Map());
  }

  /** Writes or replaces a file; its directory is made when absent. */
  put({ directory, name }: FilePlace, content: Uint8Array | string): void {
    this.makeDirectory(directory);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.#directories.get(directory)?.set(name, { content: bytes, modifiedAt: this.#clock.now() });
  }

  remove({ directory, name }: FilePlace): void {
    this.#directories.get(directory)?.delete(name);
  }

  /** Undefined when there is no such file. */
  contentOf({ directory, name }: FilePlace): Uint8Array | undefined {
    return this.#directories.get(directory)?.get(name)?.content;
  }

  room(): { readonly totalBytes: number; readonly freeBytes: number } {
    const used = [...this.#directories.values()]
      .flatMap((files) => [...files.values()])
      .reduce((sum, file) => sum + file.content.length, 0);
    return { totalBytes: this.#totalBytes, freeBytes: Math.max(0, this.#totalBytes - used) };
  }

  async listFiles(directory: string): Promise<readonly DataFile[]> {
    return [...this.#at(directory)]
      .map(([name, { content, modifiedAt }]) => ({ name, bytes: content.length, modifiedAt }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async hashFile(directory: string, name: string): Promise<string> {
    const file = this.#at(directory).get(name);
    if (file === undefined) throw new HostError("not-found", `${name} does not exist`);
    return createHash("sha256").update(file.content).digest("hex");
  }

  async capacity(directory: string): Promise<{ readonly totalBytes: number; readonly freeBytes: number }> {
    this.#at(directory);
    return this.room();
  }

  #at(directory: string): Map<string, StoredFile> {
    const files = this.#directories.get(directory);
    if (files === undefined) throw new HostError("not-found", `${directory} does not exist`);
    return files;
  }
}

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { limits } from "@edgemere/protocol";
import { BadArchive, type WantedRelease } from "../host-releases.ts";
import { HostError } from "../host.ts";
import { capacity } from "./files.ts";
import { syncFile, syncFolder } from "./synced.ts";
import { BLOCK, entryIn, type TarEntry } from "./tar-reader.ts";

/** What stays free beside a release. */
const ROOM_TO_SPARE = 64 * 1024 ** 2;
const AT_ONCE = 16;
const PIECE = 256 * 1024;

/**
 * Unpacks an archive into a new folder, everything synced: only plain files and folders, no more bytes than were signed, and only when
 * the whole archive is the one that was meant. Throws HostError; then nothing of it is left.
 */
export async function unpack(wanted: WantedRelease, folder: string, signal: AbortSignal): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const { freeBytes } = await capacity(dirname(folder));
  if (freeBytes < wanted.unpackedBytes + ROOM_TO_SPARE)
    throw new HostError("failed", `the release unpacks to ${wanted.unpackedBytes} bytes, and ${freeBytes} are free`);
  const tree = new Tree(folder, wanted.unpackedBytes);
  try {
    await using archive = await open(wanted.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (!(await archive.stat()).isFile()) throw new BadArchive("it is no regular file");
    // To its end before a byte of it is believed. What is read the second time is compared as well: it may be another by then.
    for await (const _ of checked(archive, wanted, signal));
    await pipeline(
      checked(archive, wanted, signal),
      createGunzip(),
      (tar: AsyncIterable<Uint8Array>) => tree.take(tar),
      { signal },
    );
    await tree.end();
  } catch (cause) {
    await tree.giveUp();
    await rm(folder, { recursive: true, force: true });
    if (cause instanceof HostError || signal.aborted) throw cause;
    throw new BadArchive(cause instanceof Error ? cause.message : "it cannot be read");
  }
}

/** The bytes of the archive; fails when they are not the ones that were signed. */
async function* checked(archive: FileHandle, { sha256, bytes }: WantedRelease, signal: AbortSignal) {
  const hash = createHash("sha256");
  let at = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await archive.read(Buffer.alloc(PIECE), 0, PIECE, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    if (at > bytes) throw new BadArchive(`it has more than the ${bytes} bytes that were signed`);
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    yield piece;
  }
  if (at < bytes) throw new BadArchive(`it has ${at} bytes, and ${bytes} were signed`);
  if (!hash.digest().equals(sha256)) throw new BadArchive("its hash is not the one that was signed");
}

/** Makes of the bytes of a tar what stands in it. */
class Tree {
  readonly #folder: string;
  readonly #folders = new Set<string>();
  readonly #names = new Set<string>();
  readonly #files: string[] = [];
  readonly #mostBytes: number;
  #rest = Buffer.alloc(0);
  #bytes = 0;
  #file: FileHandle | undefined;
  /** Bytes of the content that are still to come, and of what fills its last block. */
  #left = 0;
  #padding = 0;
  #isOver = false;

  constructor(folder: string, mostBytes: number) {
    this.#folder = folder;
    this.#mostBytes = mostBytes;
  }

  async take(tar: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#makeFolder("");
    for await (const piece of tar) {
      this.#bytes += piece.length;
      if (this.#bytes > this.#mostBytes)
        throw new BadArchive(`it unpacks to more than the ${this.#mostBytes} bytes that were signed`);
      this.#rest = this.#rest.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#rest, piece]);
      await this.#work();
    }
  }

  async end(): Promise<void> {
    if (!this.#isOver || this.#file !== undefined) throw new BadArchive("it ends in the middle");
    // All at once at the end: a file system that is asked after each of a thousand files takes ten times as long.
    for (let at = 0; at < this.#files.length; at += AT_ONCE)
      await Promise.all(this.#files.slice(at, at + AT_ONCE).map((each) => syncFile(join(this.#folder, each))));
    for (const each of [...this.#folders].sort().toReversed()) await syncFolder(join(this.#folder, each));
    await syncFolder(dirname(this.#folder));
  }

  async giveUp(): Promise<void> {
    await this.#file?.close().catch(() => {});
  }

  async #work(): Promise<void> {
    for (;;) {
      if (this.#left > 0 || this.#padding > 0) {
        if (this.#rest.length === 0) return;
        await this.#content();
      } else {
        if (this.#file !== undefined) await this.#close();
        if (this.#rest.length < BLOCK) return;
        const block = this.#taken(BLOCK);
        const entry = entryIn(block);
        // Behind its end there are blocks of zeros and nothing else.
        if (entry === undefined) this.#isOver = true;
        else if (this.#isOver) throw new BadArchive("it goes on after its end");
        else await this.#begin(entry);
      }
    }
  }

  async #content(): Promise<void> {
    const content = this.#taken(Math.min(this.#left, this.#rest.length));
    this.#left -= content.length;
    if (content.length > 0) await this.#file?.writeFile(content);
    const padding = this.#taken(Math.min(this.#left > 0 ? 0 : this.#padding, this.#rest.length));
    this.#padding -= padding.length;
  }

  async #begin({ path, isFolder, isProgram, bytes }: TarEntry): Promise<void> {
    if (this.#names.has(path) || (!isFolder && this.#folders.has(path)))
      throw new BadArchive(`${path} stands in it twice`);
    this.#names.add(path);
    if (this.#names.size > limits.releaseEntries)
      throw new BadArchive(`it has more than ${limits.releaseEntries} files and folders`);
    await this.#makeFolder(isFolder ? path : dirname(path));
    if (isFolder) return;
    // Never through what is there already: the folder is new, and there are no links in it.
    this.#file = await open(join(this.#folder, path), "wx", isProgram ? 0o755 : 0o644);
    this.#files.push(path);
    [this.#left, this.#padding] = [bytes, (BLOCK - (bytes % BLOCK)) % BLOCK];
  }

  async #makeFolder(path: string): Promise<void> {
    const parts = path === "." || path === "" ? [] : path.split("/");
    for (let depth = 0; depth <= parts.length; depth++) {
      const each = parts.slice(0, depth).join("/");
      if (this.#folders.has(each)) continue;
      await mkdir(join(this.#folder, each), { mode: 0o755 });
      this.#folders.add(each);
    }
  }

  async #close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #taken(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

import { createHash } from "node:crypto";
import { IndexChecksum, v1, type IndexedFile } from "@edgemere/protocol";
import type { Appender, Disk, Log } from "@edgemere/protocol/kit";
import { frame, scan } from "../link/spool/frame.ts";
import { changeReport, inParts, wordsOf, type Changes, type Source, type Stand } from "./report.ts";

/** Where indexes are kept: one file for each source. */
export const INDEX_FOLDER = "data-index";
export const indexFileOf = (source: string): string => createHash("sha256").update(source).digest("hex").slice(0, 32);

// The file is written anew when what it could do without is more than this, and more than the rest.
const SPARE_BYTES = 256 * 1024;
const NO_ROOM = { totalBytes: 0, freeBytes: 0 };

interface Parts {
  readonly disk: Disk;
  readonly log: Log;
  readonly source: Source;
}

/**
 * What a directory holds, as far as it was read and told. On the disk it is the changes that led there, each a checked frame: a start reads no
 * file again that it read before. What cannot be believed is no index, and begins anew.
 */
export class KeptIndex {
  readonly #parts: Parts;
  readonly #items = new Map<string, IndexedFile>();
  #checksum = new IndexChecksum();
  /** 0 until all that was there has been told once. */
  #number = 0;
  /** Bytes of the file, and of those that a new one would have. */
  #bytes = 0;
  #needed = 0;
  /** Whether the file may grow: after a failed write it is not known what it holds. */
  #isSound = false;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async open(parts: Parts): Promise<KeptIndex> {
    const index = new KeptIndex(parts);
    const content = await parts.disk.read(index.#path).catch(() => undefined);
    if (content !== undefined && !index.#read(content)) {
      parts.log.warn("the index of a data source was damaged: it is read anew", { source: parts.source.name });
      return new KeptIndex(parts);
    }
    return index;
  }

  get stand(): Stand {
    return { number: this.#number, checksum: this.#checksum.bytes };
  }

  get items(): ReadonlyMap<string, IndexedFile> {
    return this.#items;
  }

  /** How it will stand when these changes are taken. */
  after(changes: Changes): Stand {
    const checksum = new IndexChecksum(this.#checksum.bytes);
    for (const known of this.#touched(changes)) checksum.toggle(known);
    for (const item of changes.items) checksum.toggle(item);
    return { number: this.#number + 1, checksum: checksum.bytes };
  }

  /** Takes changes that were told, or that are told when all is read. A disk that keeps nothing costs reading again, later. */
  async take(changes: Changes, stand: Stand): Promise<void> {
    this.#apply(changes, stand);
    const entry = this.#framed(changes, stand);
    this.#needed += changes.items.length === 0 ? 0 : entry.length;
    try {
      const isSparing = this.#bytes + entry.length - this.#needed > Math.max(SPARE_BYTES, this.#needed);
      if (this.#isSound && !isSparing) await this.#grow(entry);
      else await this.#write();
    } catch (error) {
      this.#parts.log.warn("the index of a data source is not kept", { source: this.#parts.source.name, error });
    }
  }

  get #path(): string {
    return `${INDEX_FOLDER}/${indexFileOf(this.#parts.source.name)}`;
  }

  #touched({ items, gone }: Changes): readonly IndexedFile[] {
    return [...items.map(({ name }) => name), ...gone].flatMap((name) => this.#items.get(name) ?? []);
  }

  #apply(changes: Changes, { number, checksum }: Stand): void {
    for (const name of changes.gone) this.#items.delete(name);
    for (const item of changes.items) this.#items.set(item.name, item);
    this.#checksum = new IndexChecksum(checksum);
    this.#number = number;
  }

  async #grow(entry: Uint8Array): Promise<void> {
    this.#isSound = false;
    const file: Appender = await this.#parts.disk.append(this.#path);
    try {
      await file.write(entry);
      await file.sync();
    } finally {
      await file.close();
    }
    this.#bytes += entry.length;
    this.#isSound = true;
  }

  async #write(): Promise<void> {
    this.#isSound = false;
    const parts = inParts(this.#items.values(), wordsOf(this.#parts.source));
    const frames = (parts.length === 0 ? [[]] : parts).map((items) => this.#framed({ items, gone: [] }, this.stand));
    const content = Buffer.concat(frames);
    await this.#parts.disk.write(this.#path, content);
    this.#bytes = content.length;
    this.#needed = content.length;
    this.#isSound = true;
  }

  #framed(changes: Changes, stand: Stand): Uint8Array {
    const message = changeReport(this.#parts.source, { room: NO_ROOM, changes, stand, before: 0 }, "kept");
    return frame(v1.DataSourceReport.encode(message).finish());
  }

  /** False where it is not what was written. A torn end is no damage: it holds what was told, and is found again by looking. */
  #read(content: Uint8Array): boolean {
    const checksum = new IndexChecksum();
    const frames = scan(content);
    for (const { payload } of frames) {
      const report = v1.DataSourceReport.decode(payload);
      if (report.path !== this.#parts.source.path) return false;
      const items = report.items.map(({ name, bytes, modifiedAtMs, hash }) => ({
        name,
        bytes,
        modifiedAt: modifiedAtMs,
        hash: Buffer.from(hash ?? []).toString("hex"),
      }));
      const changes = { items, gone: report.removed };
      for (const known of this.#touched(changes)) checksum.toggle(known);
      for (const item of items) checksum.toggle(item);
      this.#apply(changes, { number: report.index, checksum: report.indexChecksum });
    }
    const end = frames.at(-1)?.end ?? 0;
    this.#bytes = content.length;
    this.#needed = content.length;
    this.#isSound = end === content.length;
    return checksum.bytes.equals(this.#checksum.bytes);
  }
}

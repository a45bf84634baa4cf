import type { Appender, Disk } from "@edgemere/protocol/kit";
import { FIRST, idOf, placeOf, type AuditEntry, type ChainPlace } from "./audit.ts";
import type { SignedHead } from "./audit-heads.ts";

/** One line of the copy: an entry, or a head that speaks of the entries before it. */
export type CopyLine = { readonly entry: AuditEntry } | { readonly head: SignedHead };

/** The copy holds another past than the store: one of them was changed, or the copy belongs to another control plane. */
export class CopyContradicts extends Error {
  constructor(number: number) {
    super(
      `the audit log does not go on where its copy ends, at entry ${number}: run "edgemere audit verify"; a copy of another control plane needs another folder (--audit-copy)`,
    );
    this.name = "CopyContradicts";
  }
}

// So many entries in a file: it is read as a whole.
const PER_FILE = 10_000;
const NAME = /^audit-(\d{16})\.jsonl$/;
const NEWLINE = 10;

interface End extends ChainPlace {
  readonly head: SignedHead | undefined;
}

/** The audit log once more, in files that only grow, best on another disk. Each line is JSON and synced before it counts. */
export class AuditCopy {
  readonly #disk: Disk;
  #end: End | undefined;
  #isContradicted = false;
  #file: { readonly name: string; readonly appender: Appender } | undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Whether the log was found to tell another past than this copy. */
  get isContradicted(): boolean {
    return this.#isContradicted;
  }

  /** As far as it was looked at. */
  get newestHead(): SignedHead | undefined {
    return this.#end?.head;
  }

  /** Throws CopyContradicts when the entry with which it ends has another hash, or none, in the log. */
  mustEndLike(entry: AuditEntry | undefined, { number, hash }: ChainPlace): void {
    this.#isContradicted = number > 0 && entry?.hash !== hash;
    if (this.#isContradicted) throw new CopyContradicts(number);
  }

  /** Up to where it goes, and its newest head. */
  async end(): Promise<End> {
    if (this.#end !== undefined) return this.#end;
    let end: End = { number: 0, hash: FIRST, head: undefined };
    // The newest file may hold nothing whole yet.
    for (const name of (await this.#names()).slice(-2))
      for await (const line of this.#linesOf(name))
        end = "entry" in line ? { ...placeOf(line.entry), head: end.head } : { ...end, head: line.head };
    this.#end = end;
    return end;
  }

  /** Resolves when all lines are durable. Throws CopyContradicts when they do not go on where it ends. */
  async append(lines: readonly CopyLine[]): Promise<void> {
    let end = await this.end();
    try {
      for (const line of lines) {
        end = follow(end, line);
        const appender = await this.#appender(end.number);
        await appender.write(Buffer.from(`${JSON.stringify(line)}\n`));
      }
      await this.#file?.appender.sync();
      this.#end = end;
    } catch (error) {
      // Nobody knows how much of it is there: the next one looks.
      this.#end = undefined;
      await this.close();
      throw error;
    }
  }

  /** What it holds of entries after a number, in order. A line that a crash tore is left out: it was written again after it. */
  async *lines(after = 0): AsyncGenerator<CopyLine> {
    const names = await this.#names();
    const first = names.findLastIndex((name) => Number(NAME.exec(name)?.[1]) <= after + 1);
    let last = "";
    for (const name of names.slice(Math.max(0, first)))
      for await (const line of this.#linesOf(name)) {
        const number = "entry" in line ? Number(line.entry.id) : line.head.number;
        // After a failure that was none the same lines come once more.
        const text = "entry" in line ? `${line.entry.id} ${line.entry.hash}` : line.head.signature;
        if (number > after && text !== last) yield line;
        last = text;
      }
  }

  /** Gives its place to a copy that begins anew; gives the folder where it is kept. */
  async setAside(name: string): Promise<void> {
    await this.close();
    this.#end = undefined;
    for (const each of await this.#names()) await this.#disk.rename(each, `${name}/${each}`);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.appender.close().catch(() => undefined);
  }

  async #names(): Promise<readonly string[]> {
    return (await this.#disk.list("")).filter((name) => NAME.test(name));
  }

  async *#linesOf(name: string): AsyncGenerator<CopyLine> {
    const text = Buffer.from((await this.#disk.read(name)) ?? []).toString();
    for (const each of text.split("\n")) {
      const line = parsed(each);
      if (line !== undefined) yield line;
    }
  }

  async #appender(number: number): Promise<Appender> {
    const name = `audit-${idOf(Math.floor((Math.max(1, number) - 1) / PER_FILE) * PER_FILE + 1)}.jsonl`;
    if (this.#file?.name === name) return this.#file.appender;
    await this.#file?.appender.sync();
    await this.close();
    const before = await this.#disk.read(name);
    const appender = await this.#disk.append(name);
    this.#file = { name, appender };
    // What a crash tore stays a line of its own.
    if (before !== undefined && before.length > 0 && before.at(-1) !== NEWLINE) await appender.write(Buffer.from("\n"));
    return appender;
  }
}

function follow(end: End, line: CopyLine): End {
  if ("head" in line) return { ...end, head: line.head };
  const place = placeOf(line.entry);
  if (place.number !== end.number + 1 || line.entry.previous !== end.hash) throw new CopyContradicts(end.number);
  return { ...place, head: end.head };
}

function parsed(line: string): CopyLine | undefined {
  try {
    const value = JSON.parse(line) as Partial<Record<"entry" | "head", object>> | null;
    return value?.entry !== undefined || value?.head !== undefined ? (value as CopyLine) : undefined;
  } catch {
    return undefined;
  }
}

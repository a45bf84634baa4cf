import type { Appender, Clock, Disk } from "@edgemere/protocol/kit";
import type { DataFile } from "../../host/host.ts";
import { nameOfOpen, nameOfSegment, openNamed, segmentNamed, type OpenSegment, type Segment } from "./segment-name.ts";

const LINE_END = 0x0a;

interface Parts {
  /** The directory of the source. */
  readonly disk: Disk;
  readonly clock: Clock;
  readonly bounds: { readonly time: number; readonly bytes: number };
  /** Hears of each that was closed. */
  readonly closed: (name: string, bytes: number) => void;
}

interface Open extends OpenSegment {
  readonly file: Appender;
  /** Since something stands in it; monotonic. */
  readonly begunAt: number;
  lines: number;
  /** Behind the last whole line. */
  lineEnd: number;
  /** What stands behind that. */
  tail: Uint8Array[];
  isSynced: boolean;
}

/** Writes a stream into segments. One is seen under its name when it is closed and on the disk, and not before. Not for two callers at once. */
export class Segments {
  readonly #parts: Parts;
  #next: number;
  /** Up to when is recorded; undefined where nothing ever was. */
  #until: number | undefined;
  #from = 0;
  #gap = 0;
  #open: Open | undefined;

  private constructor(parts: Parts, next: number, until: number | undefined) {
    this.#parts = parts;
    this.#next = next;
    this.#until = until;
  }

  /** Closes what an earlier run left open, as what it is: whole lines. `files` are those of the directory. */
  static async open(parts: Parts, files: readonly DataFile[]): Promise<Segments> {
    const closed = files.flatMap(({ name }) => segmentNamed(name) ?? []);
    const left = files
      .flatMap((file) => ({ file, open: openNamed(file.name) }))
      .flatMap(({ file, open }) => (open === undefined ? [] : [{ file, open }]))
      .toSorted((a, b) => a.open.number - b.open.number);
    const found: Segment[] = [...closed];
    for (const [place, { file, open }] of left.entries()) {
      // What one began with, the one before it ends with: it is in both when that was not cut yet.
      const segment = await closeLeft(parts, file, { ...open, isLast: place === left.length - 1 });
      if (segment !== undefined) found.push(segment);
    }
    const last = found.toSorted((a, b) => a.number - b.number).at(-1);
    const taken = Math.max(0, ...[...found, ...left.map(({ open }) => open)].map(({ number }) => number));
    return new Segments(parts, taken + 1, last?.until);
  }

  /** From now on everything is recorded that is said. */
  resume(): void {
    this.#from = this.#parts.clock.now();
    if (this.#until !== undefined) this.#gap += Math.max(0, Math.round(this.#from - this.#until));
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { bounds } = this.#parts;
    for (let rest = bytes; rest.length > 0;) {
      const open = (this.#open ??= await this.#begin());
      const piece = rest.subarray(0, bounds.bytes - open.file.size);
      open.isSynced = false;
      await open.file.write(piece);
      noteLines(open, piece);
      rest = rest.subarray(piece.length);
      if (open.file.size >= bounds.bytes) await this.#turnOver(open);
    }
  }

  /** To be called every second or so: has on the disk what was said, and closes what is old enough. */
  async look(): Promise<void> {
    const { bounds, clock } = this.#parts;
    const open = this.#open;
    if (open === undefined) return;
    if (open.lines > 0 && clock.monotonic() - open.begunAt >= bounds.time) return this.#turnOver(open);
    if (open.isSynced) return;
    open.isSynced = true;
    await open.file.sync();
  }

  /** Nothing more is recorded for now: closes what is open, with a last line that has no end. */
  async pause(): Promise<void> {
    const open = this.#open;
    this.#until = this.#parts.clock.now();
    if (open === undefined) return;
    this.#open = undefined;
    const isCut = open.lineEnd < open.file.size;
    await this.#close(open, open.file.size, isCut);
  }

  /** Leaves it as it stands on the disk, after something went wrong with that. */
  async abandon(): Promise<void> {
    await this.#open?.file.close().catch(() => {});
    this.#open = undefined;
  }

  async #begin(tail: readonly Uint8Array[] = []): Promise<Open> {
    const { disk, clock } = this.#parts;
    const about = { number: this.#next++, from: this.#from, gap: this.#gap };
    this.#gap = 0;
    const file = await disk.append(nameOfOpen(about));
    for (const bytes of tail) await file.write(bytes);
    await file.sync();
    return { ...about, file, begunAt: clock.monotonic(), lines: 0, lineEnd: 0, tail: [...tail], isSynced: true };
  }

  /** What is behind the last whole line goes on in the next segment, and stands there before it goes here. */
  async #turnOver(open: Open): Promise<void> {
    const isOneLine = open.lines === 0;
    this.#from = Math.max(open.from, this.#parts.clock.now());
    const hasTail = !isOneLine && open.tail.length > 0;
    this.#open = hasTail ? await this.#begin(open.tail) : undefined;
    await this.#close(open, isOneLine ? open.file.size : open.lineEnd, isOneLine);
  }

  async #close({ file, number, from, gap, lines }: Open, bytes: number, isCut: boolean): Promise<void> {
    const { disk, clock, closed } = this.#parts;
    await file.sync();
    await file.close();
    const name = nameOfOpen({ number, from, gap });
    if (bytes < file.size) await disk.truncate(name, bytes);
    const until = Math.max(from, clock.now());
    const final = nameOfSegment({ number, from, until, lines, gap, isCut });
    await disk.rename(name, final);
    closed(final, bytes);
  }
}

/** Undefined where no line of it was whole. */
async function closeLeft(
  { disk, closed }: Parts,
  { name, modifiedAt }: DataFile,
  { number, from, gap, isLast }: OpenSegment & { readonly isLast: boolean },
): Promise<Segment | undefined> {
  const content = (await disk.read(name)) ?? new Uint8Array();
  const bytes = content.lastIndexOf(LINE_END) + 1;
  if (bytes === 0) {
    await disk.remove(name);
    return undefined;
  }
  // Also where it ends with a line: it is to be as it was read after the next power cut too.
  await disk.truncate(name, bytes);
  const lines = linesIn(content.subarray(0, bytes));
  const segment = { number, from, until: Math.max(from, Math.round(modifiedAt)), lines, gap, isCut: isLast };
  await disk.rename(name, nameOfSegment(segment));
  closed(nameOfSegment(segment), bytes);
  return segment;
}

function noteLines(open: Open, piece: Uint8Array): void {
  const end = piece.lastIndexOf(LINE_END) + 1;
  open.lines += linesIn(piece);
  if (end > 0) {
    open.lineEnd = open.file.size - piece.length + end;
    open.tail = [];
  }
  // Copied: what is written is the caller's again afterwards.
  if (end < piece.length) open.tail.push(piece.slice(end));
}

function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_END); at !== -1; at = bytes.indexOf(LINE_END, at + 1)) lines += 1;
  return lines;
}

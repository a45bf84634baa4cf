import type { SimulatedDisk } from "@edgemere/protocol/simulated";
import { recordsIn, spoolFile, type SeenRecord } from "./records.ts";

interface MirrorParts {
  /** Whether the control plane has it, or was told why it never comes. */
  readonly isDelivered: (stream: string, record: SeenRecord) => boolean;
  readonly wrong: (what: string) => void;
}

interface MirroredFile {
  readonly stream: string;
  readonly name: number;
  records: readonly SeenRecord[];
}

/** What is safe in the files of one device's spool; says so when a record goes that nobody has and nothing explains. */
export class SpoolMirror {
  readonly #parts: MirrorParts;
  readonly #files = new Map<string, MirroredFile>();

  constructor(parts: MirrorParts) {
    this.#parts = parts;
  }

  /** Bytes at the end of a file have become safe; the records in them. */
  appended(path: string, bytes: Uint8Array): readonly SeenRecord[] {
    const file = this.#fileOf(path);
    if (file === undefined) return [];
    const records = recordsIn(bytes);
    file.records = [...file.records, ...records];
    return records;
  }

  /** A file is another now, or gone; what vanished with that must be safe elsewhere. Gives the records in it. */
  changed(path: string, content: Uint8Array | undefined): readonly SeenRecord[] {
    const file = this.#fileOf(path);
    if (file === undefined) return [];
    const before = file.records;
    file.records = recordsIn(content ?? new Uint8Array());
    if (content === undefined) this.#files.delete(path);
    const left = new Set(file.records.map(keyOf));
    for (const record of before) if (!left.has(keyOf(record))) this.#vanished(file, record);
    return file.records;
  }

  /** Looks at the disk itself, after something befell it. */
  async reread(disk: SimulatedDisk, streams: readonly string[]): Promise<void> {
    this.#files.clear();
    for (const stream of streams)
      for (const name of await disk.list(`spool/${stream}`)) {
        const path = `spool/${stream}/${name}`;
        const file = this.#fileOf(path);
        if (file !== undefined) file.records = recordsIn((await disk.read(path)) ?? new Uint8Array());
      }
  }

  records(stream: string): readonly SeenRecord[] {
    return [...this.#files.values()].flatMap((file) => (file.stream === stream ? file.records : []));
  }

  /** The gap before a number that says the same as one that is now there as well: that is a part of it which has moved. */
  movedFrom(stream: string, { first, gapAbout }: SeenRecord): SeenRecord | undefined {
    if (gapAbout === undefined) return undefined;
    return this.records(stream).find((each) => each.gapAbout === gapAbout && each.last < first);
  }

  /** Whether it is there, or a gap that stands for it, or a hole between files that will be found. */
  holds(stream: string, record: SeenRecord): boolean {
    const files = [...this.#files.values()].filter((file) => file.stream === stream);
    const isThere = files.some(({ records }) => records.some((each) => standsFor(each, record)));
    return isThere || (files.some(({ name }) => name <= record.first) && files.some(({ name }) => name > record.first));
  }

  #vanished({ stream }: MirroredFile, record: SeenRecord): void {
    // What is still here, or has a gap in its place, has not met what else its number may mean.
    const isSafe = this.holds(stream, record) || this.#parts.isDelivered(stream, record);
    if (!isSafe) this.#parts.wrong(`${stream}/${record.first} vanished from the spool, and nothing explains it`);
  }

  #fileOf(path: string): MirroredFile | undefined {
    const known = this.#files.get(path);
    const which = known === undefined ? spoolFile(path) : undefined;
    if (which === undefined) return known;
    const file = { ...which, records: [] };
    this.#files.set(path, file);
    return file;
  }
}

const keyOf = ({ first, content }: SeenRecord): string => `${first} ${content}`;

const standsFor = (one: SeenRecord, other: SeenRecord): boolean =>
  one.content === other.content || (one.gapReason !== undefined && one.first <= other.first && other.first <= one.last);

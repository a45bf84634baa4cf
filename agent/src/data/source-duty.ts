import { limits, type IndexedFile } from "@edgemere/protocol";
import { MINUTE, Reconciler, SECOND } from "@edgemere/protocol/kit";
import { HostError, type DataFile } from "../host/host.ts";
import { KeptIndex } from "./kept-index.ts";
import {
  changeReport,
  failureReport,
  inParts,
  isNews,
  wholeReport,
  type Changes,
  type Look,
  type ReportMessage,
  type Room,
  type Source,
} from "./report.ts";
import type { DataSourcesParts } from "./sources.ts";
import { unlessAborted } from "./unless-aborted.ts";

// What comes and is not whole yet, as transfers call it.
const PART_FILE = /(?:^|\/)\.edgemere-[^/]+\.part$/;
// A file that was written to so recently may be written to again without its time or size telling.
const STILL_WARM = 2 * SECOND;
/** A line that comes and goes is told how the index stands so often, and no more. */
const CONFIRMED_EVERY = 10 * MINUTE;

interface Parts extends DataSourcesParts {
  readonly source: Source;
  readonly newId: () => string;
}

/** Looks at one directory. Only files that changed are read, and only what changed is told. */
export class SourceDuty implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #loop: Reconciler;
  readonly #stop = new AbortController();
  /** Read while they were written to, perhaps: read again at the next look. */
  readonly #warm = new Set<string>();
  #index: KeptIndex | undefined;
  #told: Look | undefined;
  #isAllWanted = false;
  #isUnconfirmed = false;
  #confirmedAt = -Infinity;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { env, config, source } = parts;
    this.#loop = new Reconciler(
      {
        name: `report ${source.name}`,
        every: config.dataEvery,
        step: async () => {
          // A large file may take minutes to read; stopping does not wait for it.
          await unlessAborted(this.#step(), this.#stop.signal);
          return "settled";
        },
        onError: (error) => env.log.warn("a data source could not be reported", { source: source.name, error }),
      },
      env.clock,
    );
  }

  start(): void {
    this.#loop.start();
  }

  holding(sha256: string): IndexedFile | undefined {
    for (const item of this.#index?.items.values() ?? []) if (item.hash === sha256) return item;
    return undefined;
  }

  look(): void {
    this.#loop.kick();
  }

  tellAll(): number {
    this.#isAllWanted = true;
    this.look();
    return this.#index?.items.size ?? 0;
  }

  confirm(): void {
    this.#isUnconfirmed = true;
    if (this.#isConfirmationDue()) this.look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop[Symbol.asyncDispose]();
  }

  async #step(): Promise<void> {
    const { env, host, source, newId } = this.#parts;
    this.#index ??= await KeptIndex.open({ ...env, source });
    try {
      const files = (await host.listFiles(source.path)).filter(isListed);
      await this.#tell(files, await host.capacity(source.path), this.#index);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      const look = { failure: error.message };
      if (this.#isOver || !isNews(look, this.#told)) return;
      await this.#append([failureReport(source, look.failure, newId())], look);
    }
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted;
  }

  /** What changed, a message's worth at a time: after a stop it goes on where it was. The first time all is read before a word is said. */
  async #tell(files: readonly DataFile[], room: Room, index: KeptIndex): Promise<void> {
    const { source, newId, env } = this.#parts;
    const listedAt = env.clock.now();
    const listed = new Map(files.map((file) => [file.name, file]));
    const missing = [...index.items.keys()].filter((name) => !listed.has(name));
    const different = files.filter((file) => this.#warm.has(file.name) || !isSame(file, index.items.get(file.name)));
    listed.clear();
    for (const gone of inParts(missing, (name) => name)) await this.#take({ items: [], gone }, room, index);
    for (const part of inParts(different, ({ name }) => name)) {
      const changes = await this.#read(part, listedAt, index);
      if (this.#isOver) return;
      await this.#take(changes, room, index);
    }
    const { number, checksum } = index.stand;
    const isAllWanted = this.#isAllWanted;
    this.#isAllWanted = false;
    if (number === 0) {
      const stand = { number: 1, checksum };
      await this.#append(wholeReport(source, { room, items: index.items.values(), stand }, newId()), room);
      await index.take({ items: [], gone: [] }, stand);
    } else if (isAllWanted) {
      await this.#append(wholeReport(source, { room, items: index.items.values(), stand: index.stand }, newId()), room);
    } else if (this.#isConfirmationDue() || isNews(room, this.#told)) {
      const changes = { items: [], gone: [] };
      await this.#append([changeReport(source, { room, changes, stand: index.stand, before: number }, newId())], room);
    }
  }

  async #take(changes: Changes, room: Room, index: KeptIndex): Promise<void> {
    if (changes.items.length === 0 && changes.gone.length === 0) return;
    const { source, newId } = this.#parts;
    const after = index.after(changes);
    if (index.stand.number === 0) return index.take(changes, { ...after, number: 0 });
    const before = index.stand.number;
    // Told and then kept: what a crash forgets in between is told once more, under the same number.
    await this.#append([changeReport(source, { room, changes, stand: after, before }, newId())], room);
    await index.take(changes, after);
  }

  async #append(reports: readonly ReportMessage[], look: Look): Promise<void> {
    for (const dataSource of reports) await this.#parts.outbox.append("event", { dataSource });
    this.#told = look;
    this.#isUnconfirmed &&= "failure" in look;
    this.#confirmedAt = this.#parts.env.clock.now();
  }

  #isConfirmationDue(): boolean {
    return this.#isUnconfirmed && this.#parts.env.clock.now() - this.#confirmedAt >= CONFIRMED_EVERY;
  }

  async #read(files: readonly DataFile[], listedAt: number, index: KeptIndex): Promise<Changes> {
    const items: IndexedFile[] = [];
    const gone: string[] = [];
    for (const file of files) {
      if (this.#isOver) break;
      const hash = await this.#hash(file);
      this.#warm.delete(file.name);
      if (hash !== undefined && listedAt - file.modifiedAt <= STILL_WARM) this.#warm.add(file.name);
      const known = index.items.get(file.name);
      if (hash === undefined && known !== undefined) gone.push(file.name);
      if (hash !== undefined && !(isSame(file, known) && known?.hash === hash)) items.push(indexed(file, hash));
    }
    return { items, gone };
  }

  /** Undefined for a file that went away meanwhile or cannot be read: the next look sees what became of it. */
  async #hash(file: DataFile): Promise<string | undefined> {
    const { host, env, source } = this.#parts;
    try {
      return await host.hashFile(source.path, file.name);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      env.log.debug("a data file was skipped", { file: file.name, error });
      return undefined;
    }
  }
}

const indexed = ({ name, bytes, modifiedAt }: DataFile, hash: string): IndexedFile => ({
  name,
  bytes,
  modifiedAt: toldTime(modifiedAt),
  hash,
});

/** As messages can say it. */
const toldTime = (modifiedAt: number) => Math.max(0, Math.round(modifiedAt));

const isSame = (file: DataFile, known: IndexedFile | undefined): boolean =>
  known !== undefined && file.bytes === known.bytes && toldTime(file.modifiedAt) === known.modifiedAt;

/** What can be said in a message, and is whole. */
const isListed = ({ name }: DataFile): boolean =>
  name !== "" && name.length <= limits.textLength && !PART_FILE.test(name);

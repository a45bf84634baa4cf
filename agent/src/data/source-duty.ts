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
  wordsOf,
  type Changes,
  type Look,
  type ReportMessage,
  type Room,
  type Source,
} from "./report.ts";
import type { DataSourcesParts } from "./sources.ts";
import { Rest } from "./rest.ts";
import type { Condition } from "./recording/plan.ts";
import { unlessAborted } from "./unless-aborted.ts";
import { Watching } from "./watching.ts";

// What comes and is not whole yet, as transfers call it.
const PART_FILE = /(?:^|\/)\.edgemere-[^/]+\.part$/;
/** A directory that is watched is looked through all the same, seldom: what was not heard is found. */
const LOOKED_THROUGH_EVERY = 10 * MINUTE;
/** After a change so much is waited for others, which is longer than a file takes to rest. */
const GATHERED = 3 * SECOND;
/** Between two looks lies so many times as long as the former took: a host that is busy is not kept busier. */
const LOOK_SHARE = 20;
/** Files are read for so long at a time, and then as long nothing is. */
const READ_AT_ONCE = SECOND / 4;
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
  readonly #rest = new Rest();
  readonly #watching: Watching;
  #lookedAt = -Infinity;
  #lookEndedAt = -Infinity;
  #lookTook = 0;
  /** Something changed, or was asked for. */
  #isDue = true;
  #isAwaited = false;
  #index: KeptIndex | undefined;
  #told: Look | undefined;
  /** How often all was asked for, and up to which of these it was told. */
  #allWanted = 0;
  #allTold = 0;
  #isUnconfirmed = false;
  #condition: Condition | undefined;
  #confirmedAt = -Infinity;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { env, config, source } = parts;
    this.#watching = new Watching(parts, () => this.#lookSoon());
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

  /** Looks now. What was put there by name is whole. */
  look(placed?: string): void {
    if (placed !== undefined) this.#rest.isWhole(placed);
    this.#isDue = true;
    this.#loop.kick();
  }

  /** What is wrong with what fills it is told at once, and when nothing is. */
  stands(condition: Condition | undefined): void {
    if (condition === this.#condition) return;
    this.#condition = condition;
    this.#loop.kick();
  }

  tellAll(): number {
    this.#allWanted++;
    this.look();
    return this.#index?.items.size ?? 0;
  }

  confirm(): void {
    this.#isUnconfirmed = true;
    if (this.#isConfirmationDue()) this.look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#watching[Symbol.dispose]();
    await this.#loop[Symbol.asyncDispose]();
  }

  async #step(): Promise<void> {
    const { env, host, source, newId } = this.#parts;
    this.#index ??= await KeptIndex.open({ ...env, source });
    try {
      if (!this.#mustLook()) return await this.#tellOfRest(await this.#room(), this.#index);
      await this.#renewWatch();
      const begunAt = env.clock.monotonic();
      this.#isDue = false;
      const files = (await host.listFiles(source.path)).filter(isListed);
      this.#lookEndedAt = env.clock.monotonic();
      this.#lookTook = this.#lookEndedAt - begunAt;
      await this.#tell(files, await this.#room(), this.#index);
    } catch (error) {
      // What was not told, too: nothing else would have it looked for soon.
      this.#isDue = true;
      if (!(error instanceof HostError)) throw error;
      this.#lookedAt = -Infinity;
      const look = { failure: error.message };
      if (this.#isOver || !isNews(look, this.#told)) return;
      await this.#append([failureReport(source, look.failure, newId())], look);
    }
  }

  async #room(): Promise<Room> {
    const { host, source } = this.#parts;
    return { ...(await host.capacity(source.path)), condition: this.#condition };
  }

  #mustLook(): boolean {
    const isLong = this.#parts.env.clock.monotonic() - this.#lookedAt >= LOOKED_THROUGH_EVERY;
    return this.#isDue || isLong || !this.#watching.isWatched;
  }

  /** Before the look, so that what changes behind it is heard. */
  async #renewWatch(): Promise<void> {
    const now = this.#parts.env.clock.monotonic();
    if (now - this.#lookedAt < LOOKED_THROUGH_EVERY) return;
    this.#lookedAt = now;
    await this.#watching.renew();
    if (this.#isOver) this.#watching[Symbol.dispose]();
  }

  #lookSoon(): void {
    if (this.#isAwaited || this.#isOver) return;
    this.#isAwaited = true;
    const { env, config } = this.#parts;
    // Never later than where nothing is watched.
    const rest = Math.min(config.dataEvery, this.#lookEndedAt + this.#lookTook * LOOK_SHARE - env.clock.monotonic());
    const pause = Math.max(GATHERED, rest);
    void this.#parts.env.clock.sleep(pause, this.#stop.signal).then(() => {
      this.#isAwaited = false;
      this.look();
    });
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted;
  }

  /** What changed, a message's worth at a time: after a stop it goes on where it was. The first time all is read before a word is said. */
  async #tell(files: readonly DataFile[], room: Room, index: KeptIndex): Promise<void> {
    const listedAt = this.#parts.env.clock.now();
    const listed = new Map(files.map((file) => [file.name, file]));
    const missing = [...index.items.keys()].filter((name) => !listed.has(name));
    this.#rest.keepOnly(listed);
    listed.clear();
    const different = files.filter(
      (file) => this.#rest.isToBeReadAgain(file.name) || !isSame(file, index.items.get(file.name)),
    );
    const resting = different.filter((file) => this.#rest.rests(file, listedAt));
    if (resting.length < different.length) this.#lookSoon();
    for (const gone of inParts(missing, (name) => name)) await this.#take({ items: [], gone }, room, index);
    for (const part of inParts(resting, wordsOf(this.#parts.source))) {
      const changes = await this.#read(part, listedAt, index);
      if (this.#isOver) return;
      await this.#take(changes, room, index);
    }
    await this.#tellOfRest(room, index);
  }

  /** What is to be told beside changes. */
  async #tellOfRest(room: Room, index: KeptIndex): Promise<void> {
    const { source, newId } = this.#parts;
    const { number, checksum } = index.stand;
    const wanted = this.#allWanted;
    if (number === 0) {
      const stand = { number: 1, checksum };
      await this.#append(wholeReport(source, { room, items: index.items.values(), stand }, newId()), room);
      await index.take({ items: [], gone: [] }, stand);
    } else if (wanted > this.#allTold) {
      await this.#append(wholeReport(source, { room, items: index.items.values(), stand: index.stand }, newId()), room);
    } else if (this.#isConfirmationDue() || isNews(room, this.#told)) {
      const changes = { items: [], gone: [] };
      await this.#append([changeReport(source, { room, changes, stand: index.stand, before: number }, newId())], room);
    }
    this.#allTold = wanted;
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
    this.#confirmedAt = this.#parts.env.clock.monotonic();
  }

  #isConfirmationDue(): boolean {
    return this.#isUnconfirmed && this.#parts.env.clock.monotonic() - this.#confirmedAt >= CONFIRMED_EVERY;
  }

  async #read(files: readonly DataFile[], listedAt: number, index: KeptIndex): Promise<Changes> {
    const items: IndexedFile[] = [];
    const gone: string[] = [];
    const { clock } = this.#parts.env;
    let begunAt = clock.monotonic();
    for (const file of files) {
      const busy = clock.monotonic() - begunAt;
      if (busy >= READ_AT_ONCE) {
        await clock.sleep(busy, this.#stop.signal);
        begunAt = clock.monotonic();
      }
      if (this.#isOver) break;
      const hash = await this.#hash(file);
      this.#rest.wasRead(file, listedAt);
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

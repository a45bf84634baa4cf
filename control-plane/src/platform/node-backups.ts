import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { nodeDisk, SECOND, type Clock, type Random } from "@edgemere/protocol/kit";
import { backupBytes, DamagedBackup, type BackupHead } from "./backup-format.ts";
import type { Backups, BackupProgress, DrillVerdict, MadeBackup } from "./backups.ts";
import type { CheckedDatabase, Snapshot } from "./database.ts";
import { judge, type DiskLimits } from "./disk-guard.ts";
import { levelDatabase } from "./level-database.ts";
import { FORMAT } from "./migrations.ts";
import { headOf, readBackup, UNFINISHED, writeBackup } from "./node-backup-file.ts";
import { checkBackup, unpackBackup } from "./node-restore.ts";
import { mistakesIn } from "./restored-store.ts";
import type { AnyResource } from "./resource.ts";
import { Store } from "./store.ts";

interface Parts {
  readonly dataFolder: string;
  /** Where backups go; on another disk best. */
  readonly folder: string;
  readonly database: CheckedDatabase;
  readonly resources: readonly AnyResource[];
  readonly head: () => Pick<BackupHead, "generation" | "trustDomain" | "version">;
  readonly passphrase: string | undefined;
  readonly limits: DiskLimits;
  readonly clock: Clock;
  readonly random: Random;
}

const NAME = /^edgemere-([0-9A-Z]{26})\.backup$/;
const DRILL = "drill-";
const backupName = (id: string): string => `edgemere-${id}.backup`;

/** Backups as files of one folder. */
export class NodeBackups implements Backups, AsyncDisposable {
  readonly #parts: Parts;
  readonly #stop = new AbortController();
  #busy: Promise<unknown> = Promise.resolve();

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Clears away what a killed process left half done. */
  static async open(parts: Parts): Promise<NodeBackups> {
    await mkdir(parts.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(parts.folder))
      if (name.endsWith(UNFINISHED) || name.startsWith(DRILL))
        await rm(join(parts.folder, name), { recursive: true, force: true });
    return new NodeBackups(parts);
  }

  get folder(): string {
    return this.#parts.folder;
  }

  make(id: string, told: (soFar: BackupProgress) => void): Promise<MadeBackup> {
    return this.#alone(async () => {
      const path = join(this.folder, backupName(id));
      // Made already, by a process that died before it could say so, or before a restore from this very file.
      const made = await stat(path).catch(() => undefined);
      if (made !== undefined) {
        const { end } = await checkBackup(readBackup(path, this.#parts.passphrase));
        return { ...end, fileBytes: made.size, damaged: 0 };
      }
      await using snapshot = this.#parts.database.snapshot();
      return await this.#write(path, snapshot, told);
    });
  }

  async remove(id: string): Promise<void> {
    await nodeDisk(this.folder).remove(backupName(id));
  }

  async list() {
    const found = [];
    for (const name of (await readdir(this.folder)).toSorted()) {
      const [, id] = NAME.exec(name) ?? [];
      if (id === undefined) continue;
      found.push({ id, fileBytes: (await stat(join(this.folder, name))).size });
    }
    return found;
  }

  head(id: string): Promise<BackupHead> {
    return headOf(join(this.folder, backupName(id)), this.#parts.passphrase);
  }

  drill(id: string | undefined): Promise<DrillVerdict> {
    return this.#alone(async () => {
      const { clock, random } = this.#parts;
      const started = clock.monotonic();
      const folder = join(this.folder, `${DRILL}${Buffer.from(random.bytes(6)).toString("hex")}`);
      await mkdir(folder, { mode: 0o700 });
      try {
        const found = id === undefined ? await this.#drillNew(folder) : await this.#drillOld(folder, id);
        return { ...found, seconds: secondsSince(started, clock) };
      } catch (error) {
        // That it cannot even be read is what a drill is there to find.
        if (!(error instanceof DamagedBackup)) throw error;
        return { entries: 0, bytes: 0, seconds: secondsSince(started, clock), mistakes: [error.message] };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }

  async room() {
    const { dataFolder, limits } = this.#parts;
    const { freeBytes, readonlyBelow } = judge(
      "normal",
      await nodeDisk(this.folder).space(),
      { ...limits, ballastBytes: 0 },
      0,
    );
    const files = await readdir(join(dataFolder, "store"));
    const sizes = await Promise.all(
      files.map((name) =>
        stat(join(dataFolder, "store", name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return { neededBytes: sizes.reduce((a, b) => a + b, 0), freeBytes: Math.max(0, freeBytes - readonlyBelow) };
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#busy;
  }

  async #drillNew(folder: string) {
    await using snapshot = this.#parts.database.snapshot();
    const path = join(folder, "new.backup");
    await this.#write(path, snapshot, () => {});
    return await this.#compare(folder, path, snapshot.entries({}));
  }

  async #drillOld(folder: string, id: string) {
    const path = join(this.folder, backupName(id));
    return this.#compare(folder, path, entriesOf(path, this.#parts.passphrase));
  }

  async #compare(folder: string, path: string, original: AsyncIterable<readonly [string, Uint8Array]>) {
    const { passphrase, clock, resources } = this.#parts;
    const restored = join(folder, "restored");
    const counted = { entries: 0, bytes: 0 };
    await unpackBackup(this.#untilStop(readBackup(path, passphrase)), restored);
    const database = await levelDatabase(join(restored, "store"));
    // Closes the database as well.
    await using store = await Store.open(database, clock);
    const mistakes = await mistakesIn({ database, store }, counting(this.#untilStop(original), counted), resources);
    return { ...counted, mistakes };
  }

  /** A stop must not wait for all that is to be read. */
  async *#untilStop<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of items) {
      this.#stop.signal.throwIfAborted();
      yield item;
    }
  }

  async #write(path: string, snapshot: Snapshot, told: (soFar: BackupProgress) => void): Promise<MadeBackup> {
    const { database, clock, random, passphrase, head } = this.#parts;
    let end: Omit<MadeBackup, "fileBytes" | "damaged"> | undefined;
    const content = {
      head: { format: FORMAT, ...head(), createdAt: clock.now() },
      files: await this.#authority(),
      entries: snapshot.entries({}),
    };
    async function* bytes() {
      end = yield* backupBytes(content, told);
    }
    const fileBytes = await writeBackup(path, bytes(), { passphrase, random, signal: this.#stop.signal });
    if (end === undefined) throw new Error("the backup came to no end");
    return { ...end, fileBytes, damaged: database.damaged.size };
  }

  /** Without the certificate authority and the command key a restored control plane could speak to no device. */
  async #authority() {
    const disk = nodeDisk(this.#parts.dataFolder);
    const files = [];
    for (const name of await disk.list("authority"))
      files.push({ name, content: (await disk.read(`authority/${name}`)) ?? new Uint8Array() });
    return files;
  }

  /** One at a time: each reads the whole store. */
  #alone<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#busy.then(() => {
      this.#stop.signal.throwIfAborted();
      return run();
    });
    this.#busy = turn.catch(() => undefined);
    return turn;
  }
}

async function* entriesOf(path: string, passphrase: string | undefined) {
  for await (const item of readBackup(path, passphrase))
    if (item.kind === "entry") yield [item.key, item.value] as const;
}

async function* counting(
  entries: AsyncIterable<readonly [string, Uint8Array]>,
  counted: { entries: number; bytes: number },
) {
  for await (const entry of entries) {
    counted.entries++;
    counted.bytes += Buffer.byteLength(entry[0]) + entry[1].length;
    yield entry;
  }
}

/** To the hundredth. */
const secondsSince = (started: number, clock: Clock): number =>
  Math.round(((clock.monotonic() - started) / SECOND) * 100) / 100;

import { limits } from "@edgemere/protocol";
import { idMaker, Reconciler, SECOND, type Env } from "@edgemere/protocol/kit";
import { HostError, type DataFile, type Host } from "../host/host.ts";
import type { Outbox } from "../link/outbox.ts";
import { isNews, reportMessages, type Item, type Look, type Source } from "./report.ts";

export interface DataSourcesParts {
  readonly env: Env;
  readonly host: Host;
  readonly outbox: Outbox;
  readonly config: { readonly sources: readonly Source[]; readonly dataEvery: number };
}

// What comes and is not whole yet, as transfers call it.
const PART_FILE = /(?:^|\/)\.edgemere-[^/]+\.part$/;
// A file that was written to so recently may be written to again without its time or size telling.
const STILL_WARM = 2 * SECOND;

/** Looks at the configured directories and reports what they hold when it changed. Only files that changed are read. */
export class DataSources implements AsyncDisposable {
  readonly #parts: DataSourcesParts;
  readonly #loops: ReadonlyMap<string, Reconciler>;
  readonly #stop = new AbortController();
  readonly #newId: () => string;
  readonly #told = new Map<string, readonly Item[]>();

  constructor(parts: DataSourcesParts) {
    this.#parts = parts;
    this.#newId = idMaker(parts.env);
    // A loop of its own for each: a slow disk does not hold up the others.
    this.#loops = new Map(parts.config.sources.map((source) => [source.name, this.#loopOf(source)]));
  }

  start(): void {
    for (const loop of this.#loops.values()) loop.start();
  }

  /** The source of a name, as it was configured. */
  find(name: string): Source | undefined {
    return this.#parts.config.sources.find((source) => source.name === name);
  }

  /** Where content lies, by its SHA-256 (hex), as it was told last; undefined where it is not. */
  holding(
    sha256: string,
  ): { readonly path: string; readonly roots: readonly string[]; readonly bytes: number } | undefined {
    for (const source of this.#parts.config.sources) {
      const item = this.#told.get(source.name)?.find(({ hash }) => hash === sha256);
      const folder = source.path.replace(/\/+$/, "");
      if (item !== undefined) return { path: `${folder}/${item.name}`, roots: [folder], bytes: item.bytes };
    }
    return undefined;
  }

  /** Looks at a source now, and not when its time comes: something was put there, or taken away. */
  lookAt(name: string): void {
    this.#loops.get(name)?.kick();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#loops.values()].map((loop) => loop[Symbol.asyncDispose]()));
  }

  #loopOf(source: Source): Reconciler {
    const hashes: HashCache = new Map();
    let told: Look | undefined;
    const step = async () => {
      const look = await this.#look(source, hashes);
      if (this.#stop.signal.aborted || !isNews(look, told)) return;
      for (const dataSource of reportMessages(source, look, this.#newId())) {
        await this.#parts.outbox.append("event", { dataSource });
      }
      told = look;
      this.#told.set(source.name, "items" in look ? look.items : []);
    };
    const { env, config } = this.#parts;
    return new Reconciler(
      {
        name: `report ${source.name}`,
        every: config.dataEvery,
        step: async () => {
          // A large file may take minutes to read; stopping does not wait for it.
          await unlessAborted(step(), this.#stop.signal);
          return "settled";
        },
        onError: (error) => env.log.warn("a data source could not be reported", { source: source.name, error }),
      },
      env.clock,
    );
  }

  async #look({ path }: Source, hashes: HashCache): Promise<Look> {
    const { host, env } = this.#parts;
    try {
      const files = await host.listFiles(path);
      const { totalBytes, freeBytes } = await host.capacity(path);
      const listedAt = env.clock.now();
      forgetOthers(hashes, files);
      const items: Item[] = [];
      for (const file of files.filter(isListed)) {
        if (this.#stop.signal.aborted) break;
        const hash = await this.#hash(path, file, hashes, listedAt);
        if (hash !== undefined) items.push({ ...file, hash });
      }
      return { items: items.sort((a, b) => (a.name < b.name ? -1 : 1)), totalBytes, freeBytes };
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return { failure: error.message };
    }
  }

  /** Undefined for a file that went away meanwhile or cannot be read: the next look sees what became of it. */
  async #hash(path: string, file: DataFile, hashes: HashCache, listedAt: number): Promise<string | undefined> {
    const known = hashes.get(file.name);
    if (known?.bytes === file.bytes && known.modifiedAt === file.modifiedAt) return known.hash;
    try {
      const hash = await this.#parts.host.hashFile(path, file.name);
      if (listedAt - file.modifiedAt > STILL_WARM) hashes.set(file.name, { ...file, hash });
      return hash;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      this.#parts.env.log.debug("a data file was skipped", { file: file.name, error });
      return undefined;
    }
  }
}

/** Not Promise.race with one promise for all looks: each race would stay in memory as long as the agent runs. */
const unlessAborted = (work: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const aborted = () => resolve();
    signal.addEventListener("abort", aborted);
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });

/** What can be said in a message, and is whole. */
const isListed = ({ name }: DataFile): boolean =>
  name !== "" && name.length <= limits.textLength && !PART_FILE.test(name);

type HashCache = Map<string, Item>;

function forgetOthers(hashes: HashCache, files: readonly DataFile[]): void {
  const names = new Set(files.map(({ name }) => name));
  for (const name of hashes.keys()) if (!names.has(name)) hashes.delete(name);
}

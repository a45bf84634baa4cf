import { chunkBytes } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { chunksOf, isChunk, type PlacedChunk } from "../commands/files/chunks.ts";
import { fetched } from "../commands/files/spans.ts";
import type { FileSurroundings } from "../commands/files/transfer.ts";
import type { ShownFile } from "../host/host-mounts.ts";
import { ContentRefused } from "../link/content-road.ts";
import { Neighbours } from "../neighbours/neighbours.ts";
import { Recent } from "./recent.ts";

/** Chunks that were read and are kept, in memory. */
const KEPT_BYTES = 16 * 1024 ** 2;
/** Entries of lists of chunks that are kept, of some 150 bytes each. */
const KEPT_ENTRIES = 100_000;
/** Whoever reads waits no longer for a chunk: then it is an error. */
const READ_WITHIN = MINUTE;
const AT_ONCE = 4;

/** Fetches what is read, from the nearest who has it, and gives no byte of a chunk whose hash is another. */
export class MountedContents {
  readonly #files: FileSurroundings;
  readonly #chunks = new Recent<Uint8Array>(KEPT_BYTES, (chunk) => chunk.length);
  readonly #lists = new Recent<readonly PlacedChunk[]>(KEPT_ENTRIES, (list) => list.length);
  readonly #neighbours = new Map<string, Neighbours>();
  readonly #waiting: (() => void)[] = [];
  #open = 0;

  constructor(files: FileSurroundings) {
    this.#files = files;
  }

  /** The bytes from `from` up to and without `to`. Rejects when one of them cannot be had as it must be. */
  async *read(content: ShownFile, from: number, to: number): AsyncGenerator<Uint8Array> {
    for (const chunk of await this.list(content)) {
      if (chunk.from + chunk.bytes <= from || chunk.from >= to) continue;
      const bytes = await this.#chunks.get(`${content.sha256} ${chunk.from}`, () => this.#fetch(content, chunk));
      yield bytes.subarray(Math.max(0, from - chunk.from), to - chunk.from);
    }
  }

  /** By which chunks it is known. What is small is one. Rejects with ContentRefused where nobody says. */
  list(content: ShownFile): Promise<readonly PlacedChunk[]> {
    const { sha256, bytes } = content;
    return this.#lists.get(sha256, () =>
      this.#within(async (signal) => {
        if (bytes <= chunkBytes.least) return [{ sha256, bytes, from: 0 }];
        const chunks = await chunksOf({ command: sha256, bytes }, { ...this.#files, road: this.#road() }, signal);
        if (chunks.length > 0) return chunks;
        throw new ContentRefused(`the control plane gives no list of the chunks of ${sha256}`);
      }),
    );
  }

  /** What is shown no more needs nobody who has it. */
  forget(sha256: string): void {
    this.#neighbours.delete(sha256);
  }

  async #fetch(content: ShownFile, chunk: PlacedChunk): Promise<Uint8Array> {
    if (chunk.bytes === 0) return new Uint8Array();
    return this.#inTurn(() =>
      this.#within(async (signal) => {
        const near = await this.#neighboursOf(content)?.read(chunk, signal);
        if (near !== undefined) return near;
        const context = { command: content.sha256, files: this.#files, signal };
        const bytes = await fetched({ from: chunk.from, limit: chunk.bytes }, { road: this.#road(), context });
        if (bytes !== undefined && isChunk(chunk, bytes)) return bytes;
        throw new ContentRefused(`the ${chunk.bytes} bytes from ${chunk.from} on are not those of ${content.sha256}`);
      }),
    );
  }

  #neighboursOf({ sha256 }: ShownFile): Neighbours | undefined {
    const { neighbours, clock, log, lied } = this.#files;
    if (neighbours === undefined) return undefined;
    const known =
      this.#neighbours.get(sha256) ??
      new Neighbours({ command: sha256, road: this.#road(), neighbours, clock, log, lied });
    this.#neighbours.set(sha256, known);
    return known;
  }

  #road() {
    const { road } = this.#files;
    if (road === undefined) throw new ContentRefused("nothing comes to this device beside MQTT");
    return road;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#open >= AT_ONCE) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    else this.#open += 1;
    try {
      return await work();
    } finally {
      // Whoever is next takes the turn over.
      const next = this.#waiting.shift();
      if (next === undefined) this.#open -= 1;
      else next();
    }
  }

  async #within<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const [over, late] = [new AbortController(), new AbortController()];
    void this.#files.clock.sleep(READ_WITHIN, over.signal).then(() => late.abort());
    try {
      return await work(late.signal);
    } finally {
      over.abort();
    }
  }
}

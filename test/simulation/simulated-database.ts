import type { Database } from "@edgemere/control-plane";
import type { Random } from "@edgemere/protocol/kit";
import type { Death, Life } from "./life.ts";
import { SortedMap, type Range } from "./sorted-map.ts";

type Operations = Parameters<Database["batch"]>[0];

/** What a database tells about each batch that has become durable, before it is part of it. */
export type Landed = (operations: Operations, isThere: (key: string) => boolean) => void;

/** How the disk below a database does. */
export interface DatabaseTroubles {
  isFull: boolean;
  /** Longest time that a batch takes. */
  slowest: number;
}

const QUICK = 6;

/** What a database held at one moment. */
export type DatabaseImage = SortedMap<Uint8Array>;

/**
 * An ordered map that outlives the processes that use it. Its batches take time; of one under way at a death of the
 * process all is there that was written, and after a power cut only what was synced is sure to be.
 */
export class SimulatedDatabase {
  #map: DatabaseImage = new SortedMap();
  readonly #landed: Landed;
  readonly #unsaved: number;
  /** Batches that are written and not yet synced, oldest first: nobody was told of them, and nobody reads them. */
  readonly #written: Operations[] = [];
  /** What takes back the newest batches, newest last. */
  #undo: Operations[] = [];
  readonly troubles: DatabaseTroubles = { isFull: false, slowest: QUICK };

  /** `unsaved`: how many of the newest batches a death loses, answered as they were: none, unless the database is a bad one. */
  constructor(landed: Landed, unsaved = 0) {
    this.#landed = landed;
    this.#unsaved = unsaved;
  }

  get size(): number {
    return this.#map.size;
  }

  /** The database as one process has it open. */
  openFor(life: Life): Database {
    const map = this.#map;
    return {
      get: (key) => life.look(() => map.get(key)),
      getMany: (keys) => life.look(() => keys.map((key) => map.get(key))),
      batch: async (operations) => {
        await life.contact(() => this.#write(operations), { shortest: 0, longest: this.troubles.slowest });
        this.#sync();
      },
      keys: (range) => walk(() => life.look(() => map.keys(range))),
      entries: (range) =>
        walk(() => life.look(() => map.keys(range).map((key) => [key, map.get(key) ?? new Uint8Array()] as const))),
      close: () => life.look(() => {}),
    };
  }

  /** Keys that begin so, in order. */
  keysWith(prefix: string): readonly string[] {
    return this.#map.keys(startingWith(prefix));
  }

  get(key: string): Uint8Array | undefined {
    return this.#map.get(key);
  }

  /** All that is in it, as a backup has it. */
  image(): DatabaseImage {
    return this.#map.copy();
  }

  /** Puts what a backup has in the place of everything. Nobody has it open meanwhile. */
  restore(image: DatabaseImage): void {
    this.#map = image.copy();
  }

  /** The process that had it open has died, or its host with it: of what was not synced, the first batches stay. */
  lose(death: Death, random: Random): void {
    if (death === "power") this.#written.splice(Math.floor(random.next() * (this.#written.length + 1)));
    this.#sync();
    for (const operations of this.#undo.reverse()) this.#apply(operations);
    this.#undo = [];
  }

  troublesOver(): void {
    Object.assign(this.troubles, { isFull: false, slowest: QUICK });
  }

  #write(operations: Operations): void {
    if (this.troubles.isFull) throw Object.assign(new Error("no space left on the simulated disk"), { code: "ENOSPC" });
    this.#written.push(operations);
  }

  #sync(): void {
    for (const operations of this.#written.splice(0)) this.#land(operations);
  }

  #land(operations: Operations): void {
    this.#landed(operations, (key) => this.#map.has(key));
    if (this.#unsaved > 0) this.#undo = [...this.#undo, this.#inverse(operations)].slice(-this.#unsaved);
    this.#apply(operations);
  }

  #inverse(operations: Operations): Operations {
    return operations.map(({ key }) => {
      const value = this.#map.get(key);
      return value === undefined ? { type: "del", key } : { type: "put", key, value };
    });
  }

  #apply(operations: Operations): void {
    for (const operation of operations)
      if (operation.type === "del") this.#map.delete(operation.key);
      else this.#map.set(operation.key, operation.value);
  }
}

const startingWith = (prefix: string): Range => ({ gte: prefix, lt: `${prefix}\uffff` });

/** What was there at the first step: an iterator does not see what is written while it walks. */
const walk = <T>(look: () => Promise<readonly T[]>): AsyncIterable<T> => ({
  [Symbol.asyncIterator]: () => {
    let items: readonly T[] | undefined;
    let at = 0;
    return {
      next: async (): Promise<IteratorResult<T>> => {
        items ??= await look();
        return at < items.length ? { value: items[at++] as T, done: false } : { value: undefined, done: true };
      },
    };
  },
});

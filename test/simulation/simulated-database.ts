import type { Database } from "@edgemere/control-plane";
import type { Life } from "./life.ts";
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

/** An ordered map that outlives the processes that use it; its batches take time, and one under way at a death has landed or not. */
export class SimulatedDatabase {
  readonly #map = new SortedMap<Uint8Array>();
  readonly #landed: Landed;
  readonly #unsaved: number;
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
      batch: (operations) =>
        life.contact(() => this.#land(operations), { shortest: 0, longest: this.troubles.slowest }),
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

  /** The process that had it open has died. */
  lose(): void {
    for (const operations of this.#undo.reverse()) this.#apply(operations);
    this.#undo = [];
  }

  troublesOver(): void {
    Object.assign(this.troubles, { isFull: false, slowest: QUICK });
  }

  #land(operations: Operations): void {
    if (this.troubles.isFull) throw Object.assign(new Error("no space left on the simulated disk"), { code: "ENOSPC" });
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

import type { Database } from "@edgemere/control-plane";
import type { Life } from "./life.ts";

type Operations = Parameters<Database["batch"]>[0];
type Range = Parameters<Database["keys"]>[0];

const COMMIT = { shortest: 0, longest: 6 };

/** What a database tells about each batch that has become durable, before it is part of it. */
export type Landed = (operations: Operations, isThere: (key: string) => boolean) => void;

/** An ordered map that outlives the processes that use it; its batches take time, and one under way at a death has landed or not. */
export class SimulatedDatabase {
  readonly #values = new Map<string, Uint8Array>();
  /** Sorted. */
  readonly #keys: string[] = [];
  readonly #landed: Landed;
  /** How many of the newest batches a death loses, answered as they were: none, unless the database is a bad one. */
  readonly #unsaved: number;
  /** What takes back the newest batches, newest last. */
  #undo: Operations[] = [];

  constructor(landed: Landed, unsaved = 0) {
    this.#landed = landed;
    this.#unsaved = unsaved;
  }

  /** The database as one process has it open. */
  openFor(life: Life): Database {
    return {
      get: (key) => life.ask(async () => this.#values.get(key)),
      getMany: (keys) => life.ask(async () => keys.map((key) => this.#values.get(key))),
      batch: (operations) => life.contact(() => this.#land(operations), COMMIT),
      keys: (range) => this.#walk(range, life),
      entries: (range) => this.#entries(range, life),
      close: () => life.ask(async () => {}),
    };
  }

  /** Keys that begin so, in order. */
  keysWith(prefix: string): readonly string[] {
    return this.#keys.slice(this.#firstAt(prefix), this.#firstAt(`${prefix}\uffff`));
  }

  #land(operations: Operations): void {
    this.#landed(operations, (key) => this.#values.has(key));
    if (this.#unsaved > 0) this.#undo = [...this.#undo, this.#inverse(operations)].slice(-this.#unsaved);
    this.#apply(operations);
  }

  /** The process that had it open has died. */
  lose(): void {
    for (const operations of this.#undo.reverse()) this.#apply(operations);
    this.#undo = [];
  }

  #inverse(operations: Operations): Operations {
    return operations.map(({ key }) => {
      const value = this.#values.get(key);
      return value === undefined ? { type: "del", key } : { type: "put", key, value };
    });
  }

  #apply(operations: Operations): void {
    for (const operation of operations) {
      const at = this.#firstAt(operation.key);
      const isThere = this.#keys[at] === operation.key;
      if (operation.type === "del") {
        this.#values.delete(operation.key);
        if (isThere) this.#keys.splice(at, 1);
      } else {
        this.#values.set(operation.key, operation.value);
        if (!isThere) this.#keys.splice(at, 0, operation.key);
      }
    }
  }

  async *#walk(range: Range, life: Life): AsyncGenerator<string> {
    yield* await life.ask(async () => this.#inRange(range));
  }

  async *#entries(range: Range, life: Life): AsyncGenerator<readonly [string, Uint8Array]> {
    const keys = await life.ask(async () => this.#inRange(range));
    yield* keys.map((key) => [key, this.#values.get(key) ?? new Uint8Array()] as const);
  }

  /** As of now: an iterator does not see what is written while it walks. */
  #inRange({ gte, gt, lt, lte, reverse, limit = Infinity }: Range): readonly string[] {
    const from = gte !== undefined ? this.#firstAt(gte) : gt !== undefined ? this.#firstAt(`${gt}\u0000`) : 0;
    const upTo =
      lt !== undefined ? this.#firstAt(lt) : lte !== undefined ? this.#firstAt(`${lte}\u0000`) : this.#keys.length;
    if (!reverse) return this.#keys.slice(from, Math.max(from, Math.min(upTo, from + limit)));
    return this.#keys.slice(Math.max(from, upTo - limit), Math.max(from, upTo)).reverse();
  }

  /** Where the first key stands that is not below this one. */
  #firstAt(key: string): number {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

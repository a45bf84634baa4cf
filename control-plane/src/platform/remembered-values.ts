import type { Database, Operation, Range } from "./database.ts";

/** Bytes that are held; of more those go first that were not asked for for longest. */
const BYTES_AT_MOST = 32 * 1024 ** 2;
/** What is larger is not asked for again and again. */
const VALUE_AT_MOST = 16 * 1024;
/** What an entry takes beside its key and its value, about. */
const ENTRY_BYTES = 256;

/**
 * A database that remembers what single keys were asked for, so that those who ask for the same again and again need not wait for a
 * thread: in a database on a disk that costs twenty times the look itself. What is written counts once it is durable. Whoever holds a value must not change it.
 */
export class RememberedValues implements Database {
  readonly #database: Database;
  readonly #most: number;
  readonly #values = new Map<string, Uint8Array>();
  /** Looks under way whose answer is still good when it comes. */
  readonly #looks = new Map<string, Promise<Uint8Array | undefined>>();
  #bytes = 0;
  /** How often something was written: what a look found before may be the former value. */
  #writes = 0;

  constructor(database: Database, most = BYTES_AT_MOST) {
    this.#database = database;
    this.#most = most;
  }

  /** Bytes that are held. */
  get size(): number {
    return this.#bytes;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    const known = this.#values.get(key);
    if (known === undefined) return this.#looks.get(key) ?? this.#look(key);
    // The last is what was asked for last.
    this.#values.delete(key);
    this.#values.set(key, known);
    return Promise.resolve(known);
  }

  /** `isHeld`: not for what is read through once and would put out what is asked for again and again. */
  async getMany(keys: readonly string[], { isHeld = true } = {}): Promise<readonly (Uint8Array | undefined)[]> {
    const values = new Map(keys.map((key) => [key, this.#values.get(key)]));
    const unknown = [...values].flatMap(([key, value]) => (value === undefined ? [key] : []));
    if (unknown.length > 0) {
      const before = this.#writes;
      const found = await this.#database.getMany(unknown);
      for (const [i, key] of unknown.entries()) {
        const value = found[i];
        if (value === undefined) continue;
        values.set(key, value);
        if (isHeld && this.#writes === before && !this.#values.has(key)) this.#hold(key, value);
      }
    }
    return keys.map((key) => values.get(key));
  }

  async batch(operations: readonly Operation[]): Promise<void> {
    try {
      await this.#database.batch(operations);
    } catch (error) {
      this.forget();
      throw error;
    }
    this.#writes++;
    for (const each of operations) {
      // What a look finds that began before may be the former value.
      this.#looks.delete(each.key);
      if (!this.#values.has(each.key)) continue;
      this.#drop(each.key);
      if (each.type === "put") this.#hold(each.key, each.value);
    }
  }

  keys(range: Range): AsyncIterable<string> {
    return this.#database.keys(range);
  }

  entries(range: Range): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#database.entries(range);
  }

  close(): Promise<void> {
    this.forget();
    return this.#database.close();
  }

  /** Everything: what is in the database may be something else now. */
  forget(): void {
    this.#values.clear();
    this.#looks.clear();
    this.#writes++;
    this.#bytes = 0;
  }

  #look(key: string): Promise<Uint8Array | undefined> {
    const look = this.#database.get(key);
    this.#looks.set(key, look);
    return this.#heldOf(key, look);
  }

  async #heldOf(key: string, look: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    try {
      const value = await look;
      if (value !== undefined && this.#looks.get(key) === look) this.#hold(key, value);
      return value;
    } finally {
      if (this.#looks.get(key) === look) this.#looks.delete(key);
    }
  }

  #hold(key: string, value: Uint8Array): void {
    if (value.length > VALUE_AT_MOST) return;
    this.#values.set(key, value);
    this.#bytes += bytesOf(key, value);
    for (const [oldest] of this.#values) {
      if (this.#bytes <= this.#most) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#bytes -= bytesOf(key, value);
  }
}

const bytesOf = (key: string, value: Uint8Array): number => key.length + value.length + ENTRY_BYTES;

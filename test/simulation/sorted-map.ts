/** Bounds as a database takes them. */
export interface Range {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

const BLOCK = 512;

/** A map whose keys are in order: in blocks, so that one more of a million keys moves a few hundred. */
export class SortedMap<V> {
  readonly #values = new Map<string, V>();
  /** Each sorted, none empty but an only one, and all of one below all of the next. */
  readonly #blocks: string[][] = [[]];

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** What it holds now; the values are the same ones. */
  copy(): SortedMap<V> {
    const copy = new SortedMap<V>();
    for (const key of this.keys({})) copy.set(key, this.#values.get(key) as V);
    return copy;
  }

  set(key: string, value: V): void {
    if (!this.#values.has(key)) this.#insert(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const { number, at } = this.#place(key);
    const block = this.#blocks[number] ?? [];
    block.splice(at, 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(number, 1);
  }

  /** The keys of a range as they are now. */
  keys({ gte, gt, lt, lte, reverse = false, limit = Infinity }: Range): readonly string[] {
    const from = gte !== undefined ? this.#place(gte) : gt !== undefined ? this.#place(`${gt}\u0000`) : START;
    const upTo = lt !== undefined ? this.#place(lt) : lte !== undefined ? this.#place(`${lte}\u0000`) : END;
    const keys: string[] = [];
    const [first, last] = [from.number, Math.min(upTo.number, this.#blocks.length - 1)];
    for (let i = 0; i <= last - first && keys.length < limit; i++) {
      const number = reverse ? last - i : first + i;
      const block = this.#blocks[number] ?? [];
      const part = block.slice(number === first ? from.at : 0, number === upTo.number ? upTo.at : undefined);
      keys.push(...(reverse ? part.reverse() : part));
    }
    return keys.length > limit ? keys.slice(0, limit) : keys;
  }

  #insert(key: string): void {
    const { number, at } = this.#place(key);
    const block = this.#blocks[number] ?? [];
    block.splice(at, 0, key);
    if (block.length > BLOCK) this.#blocks.splice(number + 1, 0, block.splice(BLOCK / 2));
  }

  /** Where the first key stands that is not below this one, or where it would. */
  #place(key: string): { readonly number: number; readonly at: number } {
    const number = firstFrom(this.#blocks.length - 1, (i) => (this.#blocks[i]?.at(-1) ?? "") >= key);
    const block = this.#blocks[number] ?? [];
    return { number, at: firstFrom(block.length, (i) => (block[i] ?? "") >= key) };
  }
}

const START = { number: 0, at: 0 };
const END = { number: Infinity, at: Infinity };

/** The first number below `end` for which something holds that holds for all that follow; `end` when there is none. */
function firstFrom(end: number, holds: (number: number) => boolean): number {
  let [low, high] = [0, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

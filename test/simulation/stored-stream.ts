import type { SeenRecord } from "./records.ts";

interface Gap {
  readonly first: number;
  readonly last: number;
  readonly reason: string;
}

/** What a control plane counts of a stream. */
interface Counted {
  readonly id: string;
  readonly upTo: number;
  readonly received: number;
  readonly explained: Readonly<Record<string, number>>;
}

/** One stream of a device as the control plane has it, seen from outside. */
export class StoredStream {
  #contents = new Set<string>();
  #gaps: readonly Gap[] = [];
  #upTo = 0;
  #acknowledged = 0;
  #everAcknowledged = 0;
  #records = 0;

  /** A restored control plane knows nothing of a stream that its backup does not hold. */
  static none(this: void, books: StoredStream): void {
    new StoredStream().bookmark()(books);
  }

  get upTo(): number {
    return this.#upTo;
  }

  /** In this life of the control plane. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** In all of its lives. */
  get everAcknowledged(): number {
    return this.#everAcknowledged;
  }

  get records(): number {
    return this.#records;
  }

  get gaps(): number {
    return this.#gaps.length;
  }

  has(content: string): boolean {
    return this.#contents.has(content);
  }

  /** Whether a gap stands for the number. */
  explains(number: number): boolean {
    return this.#gaps.some(({ first, last }) => first <= number && number <= last);
  }

  /** Up to which number that one reaches which begins at `number`. */
  lastOf(number: number): number {
    return this.#gaps.find(({ first }) => first === number)?.last ?? number;
  }

  add({ first, last, content, gapReason }: SeenRecord): void {
    this.#upTo = last;
    this.#contents.add(content);
    if (gapReason === undefined) this.#records += 1;
    else this.#gaps = [...this.#gaps, { first, last, reason: gapReason }];
  }

  acknowledge(upTo: number): void {
    this.#acknowledged = upTo;
    this.#everAcknowledged = Math.max(upTo, this.#everAcknowledged);
  }

  /** What the control plane counts otherwise than it stores; undefined when its books are right. */
  differsFrom({ upTo, received, explained }: Counted): string | undefined {
    if (upTo !== this.#upTo) return `they end at ${upTo}, and ${this.#upTo} is stored`;
    if (received !== this.#records) return `${received} records are counted, and ${this.#records} are stored`;
    const lost: Record<string, number> = {};
    for (const { first, last, reason } of this.#gaps) lost[reason] = (lost[reason] ?? 0) + last - first + 1;
    const reasons = new Set([...Object.keys(lost), ...Object.keys(explained)]);
    const wrong = [...reasons].find((reason) => lost[reason] !== explained[reason]);
    return wrong && `${explained[wrong] ?? 0} are counted as ${wrong}, and gaps stand for ${lost[wrong] ?? 0}`;
  }

  /** Remembers how it is; what it gives makes another, or the same, so. What a device was told once stays so. */
  bookmark(): (books: StoredStream) => void {
    const [contents, gaps, upTo, records] = [new Set(this.#contents), this.#gaps, this.#upTo, this.#records];
    return (books) => {
      books.#contents = new Set(contents);
      books.#gaps = gaps;
      books.#upTo = upTo;
      books.#records = records;
      books.#acknowledged = Math.min(books.#acknowledged, upTo);
    };
  }
}

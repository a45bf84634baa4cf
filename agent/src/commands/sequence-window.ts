// Numbers this far below the highest are taken for seen: a control plane does not come back to them.
const WIDTH = 1_024;

/** Which command sequence numbers have come. They need not come in order, but none may come twice. */
export class SequenceWindow {
  #floor: number;
  readonly #above: Set<number>;

  constructor(floor = 0, above: readonly number[] = []) {
    this.#floor = floor;
    this.#above = new Set(above);
  }

  get floor(): number {
    return this.#floor;
  }

  get above(): readonly number[] {
    return [...this.#above];
  }

  get highest(): number {
    return Math.max(this.#floor, ...this.#above);
  }

  has(sequence: number): boolean {
    return sequence <= this.#floor || this.#above.has(sequence);
  }

  add(sequence: number): void {
    if (this.has(sequence)) return;
    this.#above.add(sequence);
    this.#floor = Math.max(this.#floor, this.highest - WIDTH);
    while (this.#above.has(this.#floor + 1)) this.#floor += 1;
    for (const each of this.#above) if (each <= this.#floor) this.#above.delete(each);
  }
}

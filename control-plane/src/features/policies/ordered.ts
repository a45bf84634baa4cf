const FIRST_ROOM = 16;

/** Numbers in their order: one that comes or goes takes a binary search and one move of bytes. */
export class Ordered {
  #numbers = new Float64Array(FIRST_ROOM);
  #count = 0;

  add(value: number): void {
    if (this.#count === this.#numbers.length) {
      const wider = new Float64Array(2 * this.#count);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    const place = this.#placeOf(value);
    this.#numbers.copyWithin(place + 1, place, this.#count);
    this.#numbers[place] = value;
    this.#count++;
  }

  /** One that was added. */
  remove(value: number): void {
    const place = this.#placeOf(value);
    this.#numbers.copyWithin(place, place + 1, this.#count);
    this.#count--;
  }

  /** The least number that at least this share (0 to 1) of all does not go beyond; undefined where there is none. */
  at(share: number): number | undefined {
    return this.#count === 0 ? undefined : this.#numbers[Math.max(0, Math.ceil(share * this.#count) - 1)];
  }

  /** Of the first that is not less. */
  #placeOf(value: number): number {
    let [from, to] = [0, this.#count];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#numbers[middle] ?? 0) < value) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

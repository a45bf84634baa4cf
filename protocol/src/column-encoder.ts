import { KIND, LARGEST_EXPONENT, POWERS_OF_TEN, SAME, SHORTEST_RUN } from "./column-format.ts";

const LARGEST_SHIFT = 16;
const LONGEST_SAME = 256 - SAME;
// Differences of differences of smaller integers are exact, and so is twice one plus one.
const INTEGERS_BELOW = 2 ** 50;

/**
 * Writes columns of doubles so that the numbers of a host become small. NaN stands for no value; everything else comes back
 * from `decodeColumn` bit by bit. Keeps its working memory: one is enough for whoever writes many columns.
 */
export class ColumnEncoder {
  #values = new Float64Array(64);
  #integers = new Float64Array(64);
  #bytes = new Uint8Array(1_024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** The values at `from` and after it, before `to`, as bytes that are the caller's. */
  encode(values: ArrayLike<number>, from = 0, to = values.length): Uint8Array {
    const rows = to - from;
    this.#reserve(rows);
    let present = 0;
    for (let row = from; row < to; row++) {
      const value = values[row] as number;
      if (!Number.isNaN(value)) this.#values[present++] = value;
    }
    this.#length = 0;
    if (present === 0) this.#bytes[this.#length++] = KIND.absent;
    else {
      if (present < rows) this.#writePresence(values, from, to);
      const scale = this.#scaled(present);
      if (scale === undefined) this.#writeDoubles(present);
      else this.#writeIntegers(present, scale);
    }
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(rows: number): void {
    if (rows <= this.#values.length) return;
    this.#values = new Float64Array(2 * rows);
    this.#integers = new Float64Array(2 * rows);
    // A row is nine bytes at most, and its presence at most one more.
    this.#bytes = new Uint8Array(20 * rows + 32);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #writePresence(values: ArrayLike<number>, from: number, to: number): void {
    this.#bytes[this.#length++] = KIND.sparse;
    let isPresent = true;
    let begin = from;
    for (let row = from; row < to; row++) {
      if (Number.isNaN(values[row]) !== isPresent) continue;
      this.#writeVarint(row - begin);
      isPresent = !isPresent;
      begin = row;
    }
    this.#writeVarint(to - begin);
  }

  /** Puts the values into the working memory as integers; undefined when at every scale something would be lost. */
  #scaled(count: number): number | undefined {
    const values = this.#values;
    const integers = this.#integers;
    let exponent = 0;
    let power = 1;
    let bits = 0;
    for (let row = 0; row < count; row++) {
      const value = values[row] as number;
      const integer = Math.round(value * power);
      if (!(integer < INTEGERS_BELOW && integer > -INTEGERS_BELOW)) return undefined;
      if (integer / power !== value) {
        if (exponent === LARGEST_EXPONENT) return undefined;
        exponent++;
        power = POWERS_OF_TEN[exponent] as number;
        row = -1;
        continue;
      }
      // Minus zero is a number that no integer stands for.
      if (integer === 0 && 1 / value < 0) return undefined;
      integers[row] = integer;
      bits |= integer;
    }
    return exponent > 0 || bits === 0 ? exponent : this.#shifted(count, Math.min(LARGEST_SHIFT, zerosAfter(bits)));
  }

  /** Sizes in pages and blocks are multiples of a power of two. */
  #shifted(count: number, shift: number): number {
    if (shift === 0) return 0;
    const unit = 2 ** shift;
    for (let row = 0; row < count; row++) this.#integers[row] = (this.#integers[row] as number) / unit;
    return LARGEST_EXPONENT + shift;
  }

  #writeIntegers(count: number, scale: number): void {
    const kind = cheapestKind(this.#integers, count);
    this.#bytes[this.#length++] = kind | (scale << 3);
    let last = 0;
    let difference = 0;
    let zeros = 0;
    for (let row = 0; row < count; row++) {
      const integer = this.#integers[row] as number;
      let said = integer - last;
      if (kind !== KIND.values) last = integer;
      if (kind === KIND.secondDifferences) {
        const before = difference;
        difference = row === 0 ? 0 : said;
        said -= before;
      }
      if (said === 0) {
        zeros++;
        continue;
      }
      if (zeros > 0) zeros = this.#writeZeros(zeros);
      this.#writeVarint(said > 0 ? 2 * said + 1 : -2 * said);
    }
    this.#writeZeros(zeros);
  }

  #writeZeros(zeros: number): 0 {
    if (zeros >= SHORTEST_RUN) {
      this.#bytes[this.#length++] = 0;
      this.#writeVarint(zeros - SHORTEST_RUN);
    } else for (let zero = 0; zero < zeros; zero++) this.#bytes[this.#length++] = 1;
    return 0;
  }

  #writeVarint(word: number): void {
    let rest = word;
    for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest & 127) | 128;
    for (; rest >= 128; rest >>>= 7) this.#bytes[this.#length++] = (rest & 127) | 128;
    this.#bytes[this.#length++] = rest;
  }

  #writeDoubles(count: number): void {
    const start = this.#length;
    this.#writeXor(count);
    if (this.#length - start <= 8 * count) return;
    this.#bytes[start] = KIND.raw;
    this.#length = start + 1;
    for (let row = 0; row < count; row++, this.#length += 8)
      this.#view.setFloat64(this.#length, this.#values[row] as number, true);
  }

  #writeXor(count: number): void {
    const double = new DataView(new ArrayBuffer(8));
    this.#bytes[this.#length++] = KIND.xor;
    let lastHigh = 0;
    let lastLow = 0;
    let same = 0;
    for (let row = 0; row < count; row++) {
      double.setFloat64(0, this.#values[row] as number);
      const high = double.getUint32(0);
      const low = double.getUint32(4);
      if (high === lastHigh && low === lastLow) {
        same++;
        continue;
      }
      if (same > 0) same = this.#writeSame(same);
      this.#writeDiffering(high ^ lastHigh, low ^ lastLow);
      lastHigh = high;
      lastLow = low;
    }
    this.#writeSame(same);
  }

  #writeDiffering(high: number, low: number): void {
    const first = high === 0 ? 4 + (Math.clz32(low) >> 3) : Math.clz32(high) >> 3;
    const last = low === 0 ? 3 - (zerosAfter(high) >> 3) : 7 - (zerosAfter(low) >> 3);
    this.#bytes[this.#length++] = 8 * first + last - first;
    for (let byte = first; byte <= last; byte++)
      this.#bytes[this.#length++] = byte < 4 ? high >>> (24 - 8 * byte) : low >>> (56 - 8 * byte);
  }

  #writeSame(same: number): 0 {
    let rest = same;
    for (; rest > LONGEST_SAME; rest -= LONGEST_SAME) this.#bytes[this.#length++] = 255;
    if (rest > 0) this.#bytes[this.#length++] = SAME + rest - 1;
    return 0;
  }
}

/** How many bits are zero below the lowest that is not. */
const zerosAfter = (bits: number): number => 31 - Math.clz32(bits & -bits);

/** In which of the three ways integers take the fewest bytes, taking a zero after another for none. */
function cheapestKind(integers: Float64Array, count: number): number {
  let values = 0;
  let differences = 0;
  let seconds = 0;
  let last = 0;
  let difference = 0;
  let second = 0;
  for (let row = 0; row < count; row++) {
    const integer = integers[row] as number;
    const now = integer - last;
    const change = now - difference;
    values += costOf(integer, last);
    differences += costOf(now, difference);
    seconds += costOf(change, second);
    last = integer;
    difference = row === 0 ? 0 : now;
    second = change;
  }
  if (values <= differences && values <= seconds) return KIND.values;
  return differences <= seconds ? KIND.differences : KIND.secondDifferences;
}

function costOf(integer: number, before: number): number {
  if (integer === 0) return before === 0 ? 0 : 1;
  const size = Math.abs(integer);
  if (size < 64) return 1;
  if (size < 8_192) return 2;
  return size < 2 ** 20 ? 3 : size < 2 ** 27 ? 4 : size < 2 ** 34 ? 5 : size < 2 ** 41 ? 6 : size < 2 ** 48 ? 7 : 8;
}

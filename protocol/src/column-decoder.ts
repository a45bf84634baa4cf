import { KIND, LARGEST_EXPONENT, POWERS_OF_TEN, SAME, SHORTEST_RUN } from "./column-format.ts";
import { ProtocolError } from "./protocol-error.ts";

// A varint of more bytes says no integer that a column can hold.
const LONGEST_VARINT = 8;

/**
 * The values that a `ColumnEncoder` wrote; NaN where a row has none. Takes no more memory than `rows` doubles, however
 * hostile the bytes. Throws ProtocolError when they are not a column of exactly so many rows.
 */
export function decodeColumn(bytes: Uint8Array, rows: number): Float64Array {
  const values = new Float64Array(rows);
  decodeColumnInto(bytes, rows, values, 0);
  return values;
}

/** The same into a larger column, from the row `start` on: for whoever puts many small ones together. */
export function decodeColumnInto(bytes: Uint8Array, rows: number, target: Float64Array, start: number): void {
  new Column(bytes, target).read(rows, start);
}

class Column {
  readonly #bytes: Uint8Array;
  readonly #target: Float64Array;
  #position = 0;

  constructor(bytes: Uint8Array, target: Float64Array) {
    this.#bytes = bytes;
    this.#target = target;
  }

  read(rows: number, start: number): void {
    const kind = this.#byte();
    if (kind === KIND.sparse) this.#sparse(rows, start);
    else this.#dense(kind, start, start + rows);
    if (this.#position !== this.#bytes.length)
      throw malformed(`goes on for ${this.#bytes.length - this.#position} bytes after its last row`);
  }

  #sparse(rows: number, start: number): void {
    const runs: number[] = [];
    let present = 0;
    for (let told = 0; told < rows;) {
      const run = this.#run(rows - told, runs.length === 0 ? 0 : 1);
      if (runs.length % 2 === 0) present += run;
      runs.push(run);
      told += run;
    }
    const target = this.#target;
    this.#dense(this.#byte(), start, start + present);
    // From the end, so that what is moved is not written over.
    let [row, left] = [start + rows, start + present];
    for (let turn = runs.length - 1; turn >= 0; turn--) {
      const run = runs[turn] ?? 0;
      row -= run;
      if (turn % 2 === 0) {
        left -= run;
        target.copyWithin(row, left, left + run);
      } else target.fill(NaN, row, row + run);
    }
  }

  #dense(tag: number, from: number, to: number): void {
    const kind = tag & 7;
    if (tag === KIND.absent) this.#target.fill(NaN, from, to);
    else if (tag === KIND.xor) this.#xor(from, to);
    else if (tag === KIND.raw) this.#raw(from, to);
    else if (kind < KIND.values || kind > KIND.secondDifferences)
      throw malformed(`is written in a way (${tag}) that is not known`);
    else {
      this.#words(from, to);
      if (kind === KIND.secondDifferences) sum(this.#target, from + 1, to);
      if (kind !== KIND.values) sum(this.#target, from, to);
      scale(this.#target, from, to, tag >> 3);
    }
  }

  #words(from: number, to: number): void {
    const bytes = this.#bytes;
    const values = this.#target;
    let position = this.#position;
    for (let row = from; row < to; row++) {
      const byte = bytes[position];
      if (byte === undefined) throw cutOff();
      position++;
      let word = byte;
      if (byte >= 128) {
        this.#position = position - 1;
        word = this.#varint();
        position = this.#position;
      } else if (byte === 0) {
        this.#position = position;
        const run = this.#run(to - row - SHORTEST_RUN, 0) + SHORTEST_RUN;
        values.fill(0, row, row + run);
        row += run - 1;
        position = this.#position;
        continue;
      }
      values[row] = word % 2 === 1 ? (word - 1) / 2 : -word / 2;
    }
    this.#position = position;
  }

  #xor(from: number, to: number): void {
    const values = this.#target;
    const double = new DataView(new ArrayBuffer(8));
    let value = 0;
    for (let row = from; row < to; row++) {
      const token = this.#byte();
      if (token >= SAME) {
        const same = token - SAME + 1;
        if (same > to - row) throw tooMany();
        values.fill(value, row, row + same);
        row += same - 1;
        continue;
      }
      const first = token >> 3;
      const last = first + (token & 7);
      if (last > 7) throw malformed("has a double of more than eight bytes");
      for (let byte = first; byte <= last; byte++) double.setUint8(byte, double.getUint8(byte) ^ this.#byte());
      value = double.getFloat64(0);
      values[row] = value;
    }
  }

  #raw(from: number, to: number): void {
    const size = 8 * (to - from);
    if (this.#bytes.length - this.#position < size) throw cutOff();
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#position, size);
    for (let row = from; row < to; row++) this.#target[row] = view.getFloat64(8 * (row - from), true);
    this.#position += size;
  }

  #byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw cutOff();
    this.#position++;
    return byte;
  }

  #varint(): number {
    let word = 0;
    let unit = 1;
    for (let read = 0; read < LONGEST_VARINT; read++, unit *= 128) {
      const byte = this.#byte();
      word += (byte & 127) * unit;
      if (byte < 128) return word;
    }
    throw malformed(`has a number of more than ${LONGEST_VARINT} bytes`);
  }

  #run(most: number, least: number): number {
    const run = this.#varint();
    if (run > most) throw tooMany();
    if (run < least) throw malformed("has a run of no rows");
    return run;
  }
}

/** Turns differences into what they are the differences of, in place. */
function sum(values: Float64Array, from: number, to: number): void {
  let last = 0;
  for (let row = from; row < to; row++) {
    last += values[row] as number;
    values[row] = last;
  }
}

function scale(values: Float64Array, from: number, to: number, by: number): void {
  if (by === 0) return;
  if (by > LARGEST_EXPONENT) {
    const unit = 2 ** (by - LARGEST_EXPONENT);
    for (let row = from; row < to; row++) values[row] = (values[row] as number) * unit;
  } else {
    const power = POWERS_OF_TEN[by] as number;
    for (let row = from; row < to; row++) values[row] = (values[row] as number) / power;
  }
}

const malformed = (what: string) => new ProtocolError("malformed", `a column ${what}`);
const cutOff = () => malformed("ends before its last row");
const tooMany = () => malformed("has more rows than were announced");

import { KIND, LARGEST_EXPONENT, POWERS_OF_TEN, SAME, SHORTEST_RUN } from "./column-format.ts";
import { ProtocolError } from "./protocol-error.ts";

// A varint of more bytes says no integer that a column can hold.
const LONGEST_VARINT = 8;

/**
 * The values that a `ColumnEncoder` wrote; NaN where a row has none. Takes no more memory than `rows` doubles twice, however
 * hostile the bytes. Throws ProtocolError when they are not a column of exactly so many rows.
 */
export function decodeColumn(bytes: Uint8Array, rows: number): Float64Array {
  return new Column(bytes).read(rows);
}

class Column {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(rows: number): Float64Array {
    const kind = this.#byte();
    const values = kind === KIND.sparse ? this.#sparse(rows) : this.#dense(kind, rows);
    if (this.#position !== this.#bytes.length)
      throw malformed(`goes on for ${this.#bytes.length - this.#position} bytes after its last row`);
    return values;
  }

  #sparse(rows: number): Float64Array {
    const runs: number[] = [];
    let present = 0;
    for (let told = 0; told < rows;) {
      const run = this.#run(rows - told, runs.length === 0 ? 0 : 1);
      if (runs.length % 2 === 0) present += run;
      runs.push(run);
      told += run;
    }
    const own = this.#dense(this.#byte(), present);
    const values = new Float64Array(rows).fill(NaN);
    let row = 0;
    let taken = 0;
    for (const [turn, run] of runs.entries()) {
      if (turn % 2 === 0) {
        values.set(own.subarray(taken, taken + run), row);
        taken += run;
      }
      row += run;
    }
    return values;
  }

  #dense(tag: number, rows: number): Float64Array {
    const kind = tag & 7;
    if (tag === KIND.absent) return new Float64Array(rows).fill(NaN);
    if (tag === KIND.xor) return this.#xor(rows);
    if (tag === KIND.raw) return this.#raw(rows);
    if (kind < KIND.values || kind > KIND.secondDifferences)
      throw malformed(`is written in a way (${tag}) that is not known`);
    const values = this.#words(rows);
    if (kind === KIND.secondDifferences) sum(values, 1);
    if (kind !== KIND.values) sum(values, 0);
    return scaled(values, tag >> 3);
  }

  #words(rows: number): Float64Array {
    const bytes = this.#bytes;
    const values = new Float64Array(rows);
    let position = this.#position;
    for (let row = 0; row < rows; row++) {
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
        row += this.#run(rows - row - SHORTEST_RUN, 0) + SHORTEST_RUN - 1;
        position = this.#position;
        continue;
      }
      values[row] = word % 2 === 1 ? (word - 1) / 2 : -word / 2;
    }
    this.#position = position;
    return values;
  }

  #xor(rows: number): Float64Array {
    const values = new Float64Array(rows);
    const double = new DataView(new ArrayBuffer(8));
    let value = 0;
    for (let row = 0; row < rows; row++) {
      const token = this.#byte();
      if (token >= SAME) {
        const same = token - SAME + 1;
        if (same > rows - row) throw tooMany();
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
    return values;
  }

  #raw(rows: number): Float64Array {
    if (this.#bytes.length - this.#position < 8 * rows) throw cutOff();
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#position, 8 * rows);
    const values = new Float64Array(rows);
    for (let row = 0; row < rows; row++) values[row] = view.getFloat64(8 * row, true);
    this.#position += 8 * rows;
    return values;
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

/** Turns differences into what they are the differences of, in place; the numbers before `from` stay. */
function sum(values: Float64Array, from: number): void {
  let last = 0;
  for (let row = from; row < values.length; row++) {
    last += values[row] as number;
    values[row] = last;
  }
}

function scaled(values: Float64Array, scale: number): Float64Array {
  if (scale === 0) return values;
  if (scale > LARGEST_EXPONENT) {
    const unit = 2 ** (scale - LARGEST_EXPONENT);
    for (let row = 0; row < values.length; row++) values[row] = (values[row] as number) * unit;
  } else {
    const power = POWERS_OF_TEN[scale] as number;
    for (let row = 0; row < values.length; row++) values[row] = (values[row] as number) / power;
  }
  return values;
}

const malformed = (what: string) => new ProtocolError("malformed", `a column ${what}`);
const cutOff = () => malformed("ends before its last row");
const tooMany = () => malformed("has more rows than were announced");

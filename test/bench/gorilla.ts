/** Bits one behind the other, the highest first. */
class Bits {
  readonly bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get length(): number {
    return (this.#position + 7) >> 3;
  }

  /** Up to 32 bits. */
  write(value: number, count: number): void {
    for (let left = count; left > 0;) {
      const free = 8 - (this.#position & 7);
      const taken = Math.min(free, left);
      const bits = (value >>> (left - taken)) & (0xff >> (8 - taken));
      const place = this.#position >> 3;
      this.bytes[place] = (this.bytes[place] as number) | (bits << (free - taken));
      this.#position += taken;
      left -= taken;
    }
  }

  read(count: number): number {
    let value = 0;
    for (let left = count; left > 0;) {
      const free = 8 - (this.#position & 7);
      const taken = Math.min(free, left);
      const bits = ((this.bytes[this.#position >> 3] as number) >> (free - taken)) & (0xff >> (8 - taken));
      value = (value << taken) | bits;
      this.#position += taken;
      left -= taken;
    }
    return value >>> 0;
  }
}

const LONGEST_LEADING = 31;

/** A column of doubles in the way of Gorilla (Pelkonen and others, VLDB 2015, section 4.1.2): a peer to compare with. */
export function gorillaColumn(values: Float64Array): Uint8Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  const bits = new Bits(new Uint8Array(10 * values.length + 8));
  let [lastHigh, lastLow, leading, trailing] = [words[1] ?? 0, words[0] ?? 0, 64, 0];
  bits.write(lastHigh, 32);
  bits.write(lastLow, 32);
  for (let row = 1; row < values.length; row++) {
    const [high, low] = [words[2 * row + 1] as number, words[2 * row] as number];
    const [highBits, lowBits] = [high ^ lastHigh, low ^ lastLow];
    lastHigh = high;
    lastLow = low;
    if (highBits === 0 && lowBits === 0) {
      bits.write(0, 1);
      continue;
    }
    const before = Math.min(LONGEST_LEADING, highBits === 0 ? 32 + Math.clz32(lowBits) : Math.clz32(highBits));
    const after = lowBits === 0 ? 32 + zerosAfter(highBits) : zerosAfter(lowBits);
    const isWithin = before >= leading && after >= trailing;
    if (!isWithin) [leading, trailing] = [before, after];
    const count = 64 - leading - trailing;
    bits.write(isWithin ? 0b10 : 0b11, 2);
    if (!isWithin) {
      bits.write(leading, 5);
      bits.write(count & 63, 6);
    }
    writeMiddle(bits, highBits, lowBits, trailing, count);
  }
  return bits.bytes.slice(0, bits.length);
}

export function ungorilla(bytes: Uint8Array, rows: number): Float64Array {
  const values = new Float64Array(rows);
  const words = new Uint32Array(values.buffer);
  const bits = new Bits(bytes);
  let [high, low, leading, count] = [bits.read(32), bits.read(32), 0, 0];
  for (let row = 0; row < rows; row++) {
    if (row > 0 && bits.read(1) === 1) {
      if (bits.read(1) === 1) {
        leading = bits.read(5);
        count = bits.read(6) || 64;
      }
      const trailing = 64 - leading - count;
      const highCount = Math.max(0, Math.min(32 - leading, count));
      if (highCount > 0) high ^= (bits.read(highCount) << Math.max(0, trailing - 32)) >>> 0;
      const lowCount = count - highCount;
      if (lowCount > 0) low ^= (bits.read(lowCount) << trailing) >>> 0;
    }
    words[2 * row + 1] = high;
    words[2 * row] = low;
  }
  return values;
}

function writeMiddle(bits: Bits, high: number, low: number, trailing: number, count: number): void {
  const lowCount = Math.min(count, Math.max(0, 32 - trailing));
  const highCount = count - lowCount;
  if (highCount > 0) bits.write(high >>> Math.max(0, trailing - 32), highCount);
  if (lowCount > 0) bits.write(low >>> trailing, lowCount);
}

const zerosAfter = (word: number): number => 31 - Math.clz32(word & -word);

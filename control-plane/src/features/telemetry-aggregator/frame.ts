/** Blocks of bytes one behind the other, with their lengths before them, so that any of them is found without reading the others. */
export function framed(blocks: readonly Uint8Array[]): Uint8Array {
  const lengths = [blocks.length, ...blocks.map(({ length }) => length)];
  let size = 0;
  for (const length of lengths) size += sizeOf(length);
  const head = size;
  for (const { length } of blocks) size += length;
  const bytes = new Uint8Array(size);
  let position = 0;
  for (const length of lengths) {
    let rest = length;
    for (; rest >= 128; rest >>>= 7) bytes[position++] = (rest & 127) | 128;
    bytes[position++] = rest;
  }
  position = head;
  for (const block of blocks) {
    bytes.set(block, position);
    position += block.length;
  }
  return bytes;
}

/** Views of the blocks, none over another. Bytes of our own carry a checksum: there what does not fit is a bug. */
export function unframed(bytes: Uint8Array): readonly Uint8Array[] {
  let position = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++];
      if (byte === undefined) throw new Error("a frame ends within its lengths");
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  const lengths: number[] = [];
  for (let left = number(); left > 0; left--) lengths.push(number());
  const blocks: Uint8Array[] = [];
  for (const length of lengths) {
    blocks.push(bytes.subarray(position, position + length));
    position += length;
    if (position > bytes.length) break;
  }
  if (position !== bytes.length) throw new Error(`a frame of ${position} bytes has ${bytes.length}`);
  return blocks;
}

const sizeOf = (length: number): number => (length < 128 ? 1 : Math.ceil((32 - Math.clz32(length)) / 7));

import { crc32 } from "node:zlib";

/** A payload found whole in a file, and the bytes of the file that it takes. */
export interface Frame {
  readonly start: number;
  readonly end: number;
  readonly payload: Uint8Array;
}

// "Ed" and the version of the format; damaged files are searched for it.
const MAGIC = 0x45_64_00_01;
/** In front of each payload. */
export const HEADER_BYTES = 12;

/** Magic number, length, CRC-32 over length and payload, payload. */
export function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, payload.length);
  view.setUint32(8, checksum(bytes, payload));
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** Every whole frame, in order. What lies between two of them is damage; what lies after the last may be a torn write. */
export function scan(content: Uint8Array): readonly Frame[] {
  const found: Frame[] = [];
  for (let start = 0; start + HEADER_BYTES <= content.length;) {
    const whole = frameAt(content, start);
    if (whole) found.push(whole);
    start = whole?.end ?? start + 1;
  }
  return found;
}

/** How many frames bytes that hold no whole one can have been, at most: where a header is left its length counts, elsewhere each byte may have been a payload. */
export function mostFrames(damaged: Uint8Array): number {
  let frames = 0;
  for (let at = 0; at < damaged.length; frames++) {
    const view = new DataView(damaged.buffer, damaged.byteOffset + at, damaged.length - at);
    const isHeader = view.byteLength >= HEADER_BYTES && view.getUint32(0) === MAGIC;
    if (!isHeader) return frames + Math.ceil(view.byteLength / (HEADER_BYTES + 1));
    at += HEADER_BYTES + view.getUint32(4);
  }
  return frames;
}

function frameAt(content: Uint8Array, start: number): Frame | undefined {
  const view = new DataView(content.buffer, content.byteOffset + start, content.length - start);
  if (view.getUint32(0) !== MAGIC) return undefined;
  const end = start + HEADER_BYTES + view.getUint32(4);
  if (end > content.length) return undefined;
  const payload = content.subarray(start + HEADER_BYTES, end);
  return view.getUint32(8) === checksum(content.subarray(start), payload) ? { start, end, payload } : undefined;
}

const checksum = (header: Uint8Array, payload: Uint8Array) => crc32(payload, crc32(header.subarray(4, 8)));

import { crc32 } from "node:zlib";

/** How many of a stream's last records are remembered by their checksums. */
export const recordsRemembered = 64;
const BYTES_EACH = 4;

/** Of a record's bytes in a message: their CRC-32, and 1 where that is 0, which stands for a checksum that is not known. */
export const recordChecksum = (record: Uint8Array): number => crc32(record) || 1;

/**
 * Checksums of the last records of a stream, in the place of each record's number modulo `recordsRemembered`, four bytes
 * each, the lowest first. Empty where none is known.
 */
export const noChecksums = (): Buffer => Buffer.alloc(recordsRemembered * BYTES_EACH);

export const setChecksum = (checksums: Buffer, number: number, checksum: number): void => {
  checksums.writeUInt32LE(checksum, placeOf(number));
};

/** 0 when it is not known. `upTo`: the last record that they speak of. */
export function checksumAt(checksums: Uint8Array, upTo: number, number: number): number {
  if (number > upTo || number <= upTo - recordsRemembered || checksums.length !== recordsRemembered * BYTES_EACH)
    return 0;
  return new DataView(checksums.buffer, checksums.byteOffset).getUint32(placeOf(number), true);
}

const placeOf = (number: number) => (number % recordsRemembered) * BYTES_EACH;

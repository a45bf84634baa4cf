import { crc32 } from "node:zlib";
import { Problem } from "./problem.ts";

/** A stored value whose bytes are not those that were written. */
export class DamagedValue extends Problem {
  readonly key: string;

  constructor(key: string) {
    super(
      "internal",
      `the stored value of ${readable(key)} is damaged: check the disk, then restore a backup ("edgemere backup list", "edgemere-control-plane restore")`,
    );
    this.name = "DamagedValue";
    this.key = key;
  }
}

const BYTES = 4;

/** A value as it is stored: followed by the CRC-32 of key and value, so that a value under a wrong key is found as well. */
export function withChecksum(key: string, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(value.length + BYTES);
  stored.set(value);
  new DataView(stored.buffer).setUint32(value.length, crc32(value, crc32(key)));
  return stored;
}

/** The value, or undefined when its checksum does not fit. */
export function checkedValue(key: string, stored: Uint8Array): Uint8Array | undefined {
  const end = stored.length - BYTES;
  if (end < 0) return undefined;
  const value = stored.subarray(0, end);
  const checksum = new DataView(stored.buffer, stored.byteOffset + end, BYTES).getUint32(0);
  return checksum === crc32(value, crc32(key)) ? value : undefined;
}

/** A key for people: its parts, without the signs that keep their order. */
export const readable = (key: string): string =>
  key
    .split("\u0000")
    .filter((part) => part !== "")
    .map((part) => part.slice(1))
    .join("/")
    .replaceAll(/[^\x20-\x7e]/g, "?");

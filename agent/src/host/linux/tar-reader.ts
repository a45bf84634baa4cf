import { BadArchive } from "../host-releases.ts";

/** What one header of an archive announces. */
export interface TarEntry {
  /** Relative, of plain names only. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly isProgram: boolean;
  readonly bytes: number;
}

export const BLOCK = 512;
const MOST_PATH = 255;
const MOST_DEPTH = 40;
const OWNER_MAY_RUN = 0o100;

/**
 * The entry of a block of 512 bytes (POSIX.1-2017, pax, ustar interchange format); undefined for a block of zeros, with which an archive ends.
 * Throws BadArchive for everything that is no regular file and no folder, and for paths that could lead elsewhere.
 */
export function entryIn(block: Uint8Array): TarEntry | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (text(block, 257, 5) !== "ustar") throw new BadArchive("it is no tar archive of the form ustar");
  if (octal(block, 148, 8) !== checksum(block)) throw new BadArchive("a header in it is damaged");
  const [name, prefix] = [text(block, 0, 100), text(block, 345, 155)];
  const path = (prefix === "" ? name : `${prefix}/${name}`).replace(/\/$/, "");
  const type = String.fromCharCode(block[156] ?? 0);
  if (type !== "0" && type !== "5" && type !== "\0")
    throw new BadArchive(`${JSON.stringify(path)} is neither a file nor a folder`);
  const parts = path.split("/");
  const isPlain = parts.every((part) => part !== "" && part !== "." && part !== ".." && !/[\0-\x1f\x7f\\]/.test(part));
  if (!isPlain || path.length > MOST_PATH || parts.length > MOST_DEPTH)
    throw new BadArchive(`${JSON.stringify(path.slice(0, MOST_PATH))} is no path that a release may have`);
  const isFolder = type === "5";
  const bytes = octal(block, 124, 12);
  if (isFolder && bytes !== 0) throw new BadArchive(`the folder ${path} has a content`);
  return { path, isFolder, isProgram: (octal(block, 100, 8) & OWNER_MAY_RUN) !== 0, bytes };
}

function text(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  const bytes = end === -1 ? field : field.subarray(0, end);
  if (bytes.some((byte) => byte > 0x7e)) throw new BadArchive("a name in it is not ASCII");
  return Buffer.from(bytes).toString("latin1");
}

function octal(block: Uint8Array, at: number, length: number): number {
  const digits = text(block, at, length).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) throw new BadArchive("a number in it is none");
  return Number.parseInt(digits, 8);
}

/** The sum of all bytes, those of the checksum itself as spaces. */
const checksum = (block: Uint8Array): number =>
  block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);

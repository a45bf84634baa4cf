import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** What a backup says of itself before anything else. */
export interface BackupHead {
  /** Format of the store it was taken from. */
  readonly format: number;
  readonly generation: number;
  readonly trustDomain: string;
  /** Of the program that made it. */
  readonly version: string;
  readonly createdAt: number;
}

/** How much there is in a backup: what stands at its end. */
export interface BackupEnd {
  readonly entries: number;
  readonly files: number;
  /** Of keys and values. */
  readonly bytes: number;
  /** SHA-256 over all that stands before, hex. */
  readonly sha256: string;
}

export type BackupItem =
  | { readonly kind: "head"; readonly head: BackupHead }
  | { readonly kind: "file"; readonly name: string; readonly content: Uint8Array }
  | { readonly kind: "entry"; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: "end"; readonly end: BackupEnd };

/** What is wrong with a backup that was cut. */
export const BREAKS_OFF = "it breaks off in the middle";
/** What to do about a backup that knows more than we do. */
export const NEWER = "a newer program made it: use that one";

/** A file that is no backup, no whole one, or none that can be opened here. */
export class DamagedBackup extends Error {
  constructor(what: string, advice = "take another one") {
    super(`the backup cannot be read: ${what}; ${advice}`);
    this.name = "DamagedBackup";
  }
}

// A frame: kind (1), length of the name (4), length of the content (4), name, content, CRC-32 of all that (4).
const HEAD = 9;
const CHECKSUM = 4;
const LONGEST_NAME = 64 * 1024;
const LARGEST_CONTENT = 256 * 1024 ** 2;
const PIECE = 64 * 1024;
const letters = { head: 0x48, file: 0x46, entry: 0x45, end: 0x5a } as const;

interface Content {
  readonly head: BackupHead;
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[];
  readonly entries: AsyncIterable<readonly [string, Uint8Array]>;
}

/** The bytes of a backup, in pieces; tells after each piece how far it is, and at last its end. */
export async function* backupBytes(
  { head, files, entries }: Content,
  told: (soFar: Omit<BackupEnd, "sha256">) => void,
): AsyncGenerator<Uint8Array, BackupEnd> {
  const hash = createHash("sha256");
  let waiting: Uint8Array[] = [];
  let size = 0;
  const soFar = { entries: 0, files: files.length, bytes: 0 };
  const add = (bytes: Uint8Array) => {
    hash.update(bytes);
    waiting.push(bytes);
    size += bytes.length;
  };
  const taken = () => {
    const piece = Buffer.concat(waiting);
    waiting = [];
    size = 0;
    told({ ...soFar });
    return piece;
  };

  add(frame("head", "", json(head)));
  for (const { name, content } of files) add(frame("file", name, content));
  for await (const [key, value] of entries) {
    add(frame("entry", key, value));
    soFar.entries++;
    soFar.bytes += Buffer.byteLength(key) + value.length;
    if (size >= PIECE) yield taken();
  }
  yield taken();
  const end = { ...soFar, sha256: hash.digest("hex") };
  yield frame("end", "", json(end));
  return end;
}

/** What stands in a backup, one after another, each checked. Throws DamagedBackup, at the latest when the end does not fit. */
export async function* backupItems(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<BackupItem> {
  const hash = createHash("sha256");
  const counted = { entries: 0, files: 0, bytes: 0 };
  let isOver = false;
  for await (const bytes of frames(chunks)) {
    if (isOver) throw new DamagedBackup("something stands after its end");
    const item = itemOf(bytes);
    if (item.kind === "end") {
      isOver = true;
      if (JSON.stringify(item.end) !== JSON.stringify({ ...counted, sha256: hash.digest("hex") }))
        throw new DamagedBackup("its content is not what its end says");
    } else hash.update(bytes);
    if (item.kind === "entry") {
      counted.entries++;
      counted.bytes += Buffer.byteLength(item.key) + item.value.length;
    }
    if (item.kind === "file") counted.files++;
    yield item;
  }
  if (!isOver) throw new DamagedBackup("its end is missing");
}

function frame(kind: keyof typeof letters, name: string, content: Uint8Array): Uint8Array {
  const named = Buffer.from(name);
  const bytes = Buffer.alloc(HEAD + named.length + content.length + CHECKSUM);
  bytes.writeUInt8(letters[kind], 0);
  bytes.writeUInt32BE(named.length, 1);
  bytes.writeUInt32BE(content.length, 5);
  bytes.set(named, HEAD);
  bytes.set(content, HEAD + named.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -CHECKSUM)), bytes.length - CHECKSUM);
  return bytes;
}

async function* frames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  let wanted = HEAD;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < wanted) continue;
    let rest = Buffer.concat(waiting);
    for (;;) {
      wanted = rest.length < HEAD ? HEAD : lengthOf(rest);
      if (rest.length < wanted) break;
      yield rest.subarray(0, wanted);
      rest = rest.subarray(wanted);
    }
    waiting = [rest];
    size = rest.length;
  }
  if (size > 0) throw new DamagedBackup(BREAKS_OFF);
}

function lengthOf(bytes: Buffer): number {
  const [name, content] = [bytes.readUInt32BE(1), bytes.readUInt32BE(5)];
  if (name > LONGEST_NAME || content > LARGEST_CONTENT) throw new DamagedBackup("a length in it makes no sense");
  return HEAD + name + content + CHECKSUM;
}

function itemOf(bytes: Buffer): BackupItem {
  const body = bytes.subarray(0, -CHECKSUM);
  if (bytes.readUInt32BE(body.length) !== crc32(body)) throw new DamagedBackup("a checksum in it does not fit");
  const start = HEAD + bytes.readUInt32BE(1);
  const name = body.subarray(HEAD, start).toString();
  const content = body.subarray(start);
  switch (bytes.readUInt8(0)) {
    case letters.head:
      return { kind: "head", head: JSON.parse(content.toString()) as BackupHead };
    case letters.file:
      return { kind: "file", name, content };
    case letters.entry:
      return { kind: "entry", key: name, value: content };
    case letters.end:
      return { kind: "end", end: JSON.parse(content.toString()) as BackupEnd };
    default:
      throw new DamagedBackup("it holds something unknown", NEWER);
  }
}

const json = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));

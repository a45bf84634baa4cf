import { createHash } from "node:crypto";
import { ProtocolError } from "./protocol-error.ts";

/** A stretch of content that is known by its hash: equal stretches of two contents are one chunk, wherever they stand. */
export interface Chunk {
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** No chunk is smaller, but for the last, and none is larger: so that each is one piece on its way. */
export const chunkBytes = { least: 64 * 1024, usual: 128 * 1024, most: 512 * 1024 } as const;

// Both ends must cut alike, so these numbers are part of the protocol. A sum of the last 32 bytes decides, by its upper bits, which
// depend on the most of them; before the usual size two bits more must be zero than the size asks for, and after it two fewer.
const GEAR = Int32Array.from({ length: 256 }, (_, i) =>
  createHash("sha256").update(`edgemere chunk ${i}`).digest().readInt32BE(),
);
const STRICT = 0xffff_e000 | 0;
const LOOSE = 0xfffe_0000 | 0;

const ENTRY_BYTES = 36;
/** How many bytes a list of chunks has that stands for content of so many. */
export const mostListBytes = (bytes: number): number => (Math.floor(bytes / chunkBytes.least) + 1) * ENTRY_BYTES;

/**
 * Cuts content where it says so itself, so that what is inserted or removed changes the chunks that it touches and no other.
 * After "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication" (Xia and others, USENIX ATC 2016).
 */
export class Chunker {
  readonly #chunks: Chunk[] = [];
  #hash = createHash("sha256");
  #bytes = 0;
  #sum = 0;

  /** Takes the next bytes of the content. */
  write(content: Uint8Array): void {
    for (let from = 0; from < content.length;) {
      const end = this.#cutIn(content, from);
      this.#hash.update(content.subarray(from, Math.abs(end)));
      this.#bytes += Math.abs(end) - from;
      if (end > 0) this.#cut();
      from = Math.abs(end);
    }
  }

  /** All chunks of the content, which is at its end. */
  end(): readonly Chunk[] {
    if (this.#bytes > 0) this.#cut();
    return this.#chunks;
  }

  /** Where the chunk ends; where the bytes end, as a negative number, when it goes on. */
  #cutIn(content: Uint8Array, from: number): number {
    // Positions in `content`; the chunk began before it where some of it is known already.
    const start = from - this.#bytes;
    const most = Math.min(content.length, start + chunkBytes.most);
    const usual = Math.min(most, start + chunkBytes.usual);
    let at = Math.min(content.length, Math.max(from, start + chunkBytes.least));
    let sum = this.#sum;
    for (; at < usual; at++) {
      sum = ((sum << 1) + (GEAR[content[at] as number] as number)) | 0;
      if ((sum & STRICT) === 0) return at + 1;
    }
    for (; at < most; at++) {
      sum = ((sum << 1) + (GEAR[content[at] as number] as number)) | 0;
      if ((sum & LOOSE) === 0) return at + 1;
    }
    this.#sum = sum;
    return most === start + chunkBytes.most ? most : -content.length;
  }

  #cut(): void {
    this.#chunks.push({ sha256: this.#hash.digest("hex"), bytes: this.#bytes });
    this.#hash = createHash("sha256");
    this.#bytes = 0;
    this.#sum = 0;
  }
}

/** A list of chunks as it travels: hash and size of each, in their order. */
export function encodeChunks(chunks: readonly Chunk[]): Uint8Array {
  const bytes = Buffer.alloc(chunks.length * ENTRY_BYTES);
  for (const [i, chunk] of chunks.entries()) {
    bytes.write(chunk.sha256, i * ENTRY_BYTES, "hex");
    bytes.writeUInt32BE(chunk.bytes, i * ENTRY_BYTES + 32);
  }
  return bytes;
}

/** The chunks of content that has so many bytes. Throws ProtocolError for a list that cannot be that of such content. */
export function decodeChunks(list: Uint8Array, bytes: number): readonly Chunk[] {
  const read = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  if (read.length % ENTRY_BYTES !== 0)
    throw new ProtocolError(
      "malformed",
      `a list of chunks has ${read.length} bytes, which is no whole number of entries`,
    );
  const chunks: Chunk[] = [];
  let sum = 0;
  for (let at = 0; at < read.length; at += ENTRY_BYTES) {
    const chunk = { sha256: read.toString("hex", at, at + 32), bytes: read.readUInt32BE(at + 32) };
    const isLast = at + ENTRY_BYTES === read.length;
    if (chunk.bytes > chunkBytes.most || chunk.bytes < (isLast ? 1 : chunkBytes.least))
      throw new ProtocolError("out-of-range", `chunk ${chunks.length} has ${chunk.bytes} bytes`);
    chunks.push(chunk);
    sum += chunk.bytes;
  }
  if (sum !== bytes)
    throw new ProtocolError("out-of-range", `the chunks have ${sum} bytes, and their content has ${bytes}`);
  return chunks;
}

/**
 * The chunks of a list that `decodeChunks` took, from the one on that begins right behind so many bytes; none where none does. What lies before
 * is counted and not read, so that whoever goes on chunk by chunk does not read the whole list for each.
 */
export function* chunksBehind(list: Uint8Array, received: number): Generator<Chunk> {
  const read = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  let [at, from] = [0, 0];
  for (; from < received && at < read.length; at += ENTRY_BYTES) from += read.readUInt32BE(at + 32);
  if (from !== received) return;
  for (; at < read.length; at += ENTRY_BYTES)
    yield { sha256: read.toString("hex", at, at + 32), bytes: read.readUInt32BE(at + 32) };
}

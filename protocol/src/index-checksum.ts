import { createHash } from "node:crypto";

/** A file with what it holds, as an index lists it. */
export interface IndexedFile {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAt: number;
  /** SHA-256, hex. */
  readonly hash: string;
}

const BYTES = 32;

/** A checksum over an index of files, whatever their order. What is toggled twice is out again. */
export class IndexChecksum {
  readonly #sum: Buffer;

  /** Of nothing, or on from one that was told. */
  constructor(sum: Uint8Array = new Uint8Array(BYTES)) {
    this.#sum = Buffer.from(sum);
  }

  toggle({ name, bytes, modifiedAt, hash }: IndexedFile): void {
    const digest = createHash("sha256").update(`${name}\0${bytes}\0${modifiedAt}\0${hash}`).digest();
    for (let i = 0; i < BYTES; i += 1) this.#sum[i] = (this.#sum[i] ?? 0) ^ (digest[i] ?? 0);
  }

  get bytes(): Buffer {
    return Buffer.from(this.#sum);
  }
}

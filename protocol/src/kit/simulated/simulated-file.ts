import type { Random } from "../env.ts";

/** A file of a simulated disk: what is seen of it, and what of that would survive a power cut. */
export class SimulatedFile {
  #bytes = new Uint8Array(64);
  #length = 0;
  /** Bytes from the start that have been synced. */
  #synced = 0;
  /** Parts that a failed sync did not write and no later one will. */
  #dropped: { readonly from: number; readonly to: number }[] = [];

  static holding(content: Uint8Array): SimulatedFile {
    const file = new SimulatedFile();
    file.append(content);
    file.markSynced(content.length);
    return file;
  }

  get length(): number {
    return this.#length;
  }

  content(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  append(content: Uint8Array): void {
    const length = this.#length + content.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(content, this.#length);
    this.#length = length;
  }

  /** What is in it up to there survives a power cut from now on. */
  markSynced(upTo: number): void {
    this.#synced = Math.max(this.#synced, Math.min(upTo, this.#length));
  }

  /** A sync up to there failed: it is still seen, counts as written, and is not. */
  dropUnsynced(upTo: number): void {
    if (upTo > this.#synced) this.#dropped.push({ from: this.#synced, to: upTo });
  }

  cut(size: number): void {
    this.#length = Math.min(this.#length, size);
    this.#synced = Math.min(this.#synced, size);
    this.#dropped = this.#dropped.filter(({ from }) => from < size);
  }

  copy(): SimulatedFile {
    const copy = new SimulatedFile();
    copy.#bytes = this.#bytes.slice();
    copy.#length = this.#length;
    copy.#synced = this.#synced;
    copy.#dropped = [...this.#dropped];
    return copy;
  }

  /** What was not synced is lost, or kept up to an arbitrary byte: the last record may be torn. What is left has reached the disk. */
  cutPower(random: Random): void {
    const unsynced = this.#length - this.#synced;
    if (unsynced > 0) this.cut(this.#synced + Math.floor(random.next() * (unsynced + 1)));
    for (const { from, to } of this.#dropped) this.#bytes.fill(0, from, Math.min(to, this.#length));
    this.#dropped = [];
    this.#synced = this.#length;
  }

  flipBit(at: number, bit: number): void {
    this.#bytes[at] = (this.#bytes[at] ?? 0) ^ (1 << bit);
  }
}

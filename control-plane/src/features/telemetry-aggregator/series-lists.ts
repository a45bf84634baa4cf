import { createHash } from "node:crypto";
import { parsed, SeriesList, type Parsed } from "./series-list.ts";

/** Names and devices that are remembered at most: some eighty megabytes. Of more each report is read as if it were the first. */
const HELD_AT_MOST = 200_000;

interface Shared {
  readonly bytes: Uint8Array;
  readonly hash: string;
  readonly known: Parsed;
  /** Devices that have it. */
  users: number;
}

/**
 * Lists of devices that were read already, so that a report costs no reading of all its device's names; hosts of one kind have the same list, and
 * share it. Those devices that were not needed for longest go first.
 */
export class SeriesLists {
  readonly #most: number;
  readonly #lists = new Map<string, Shared>();
  readonly #contents = new Map<string, Shared>();
  #size = 0;

  constructor(most = HELD_AT_MOST) {
    this.#most = most;
  }

  /** Names and devices that are held. */
  get size(): number {
    return this.#size;
  }

  /** The list of a device that is stored in these bytes. What is remembered counts only where it is of the same bytes, so nothing has to be told of changes. */
  of(device: string, bytes: Uint8Array | undefined): SeriesList {
    if (bytes === undefined) return SeriesList.of(undefined);
    const remembered = this.#lists.get(device);
    if (remembered !== undefined && isSame(remembered.bytes, bytes)) {
      // The last is what was asked for last.
      this.#lists.delete(device);
      this.#lists.set(device, remembered);
      return SeriesList.sharing(remembered.known);
    }
    this.#forget(device);
    const shared = this.#shared(bytes);
    shared.users++;
    this.#lists.set(device, shared);
    this.#size++;
    for (const [oldest] of this.#lists) {
      if (this.#size <= this.#most) break;
      this.#forget(oldest);
    }
    return SeriesList.sharing(shared.known);
  }

  #shared(bytes: Uint8Array): Shared {
    const hash = createHash("sha256").update(bytes).digest("base64url");
    const held = this.#contents.get(hash);
    if (held !== undefined) return held;
    const shared = { bytes, hash, known: parsed(bytes), users: 0 };
    this.#contents.set(hash, shared);
    this.#size += shared.known.names.size;
    return shared;
  }

  #forget(device: string): void {
    const shared = this.#lists.get(device);
    if (shared === undefined) return;
    this.#lists.delete(device);
    this.#size--;
    if (--shared.users > 0) return;
    this.#contents.delete(shared.hash);
    this.#size -= shared.known.names.size;
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

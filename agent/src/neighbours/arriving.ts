import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { IncomingFile } from "../host/file-transfers.ts";

/** A content of which the beginning is here, each chunk of it as it must be. */
export type ArrivingFile = Pick<IncomingFile, "received" | "read">;

/** What has come is named by its source when that has read it; until then nothing of it is to be had. */
const KNOWN_WITHIN = 30 * SECOND;
const nothingNow: ArrivingFile = { received: 0, read: async () => new Uint8Array() };

/** Contents that are on their way into data sources: what of them is here can be given on. */
export class Arriving {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #files = new Map<string, ArrivingFile>();
  /** When each ended, well or not. */
  readonly #ended = new Map<string, number>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** From now on until it is disposed of. `sha256` is hex. */
  begin(sha256: string, file: ArrivingFile): Disposable {
    this.#files.set(sha256, file);
    return {
      [Symbol.dispose]: () => {
        if (this.#files.get(sha256) !== file) return;
        this.#files.delete(sha256);
        for (const each of this.#ended.keys()) if (!this.#hasJustEnded(each)) this.#ended.delete(each);
        this.#ended.set(sha256, this.#clock.monotonic());
      },
    };
  }

  find(sha256: string): ArrivingFile | undefined {
    return this.#files.get(sha256) ?? (this.#hasJustEnded(sha256) ? nothingNow : undefined);
  }

  #hasJustEnded(sha256: string): boolean {
    return this.#clock.monotonic() - (this.#ended.get(sha256) ?? -Infinity) < KNOWN_WITHIN;
  }
}

import type { IncomingFile } from "../host/file-transfers.ts";

/** A content of which the beginning is here, each chunk of it as it must be. */
export type ArrivingFile = Pick<IncomingFile, "received" | "read">;

/** Contents that are on their way into data sources: what of them is here can be given on. */
export class Arriving {
  readonly #files = new Map<string, ArrivingFile>();

  /** From now on until it is disposed of. `sha256` is hex. */
  begin(sha256: string, file: ArrivingFile): Disposable {
    this.#files.set(sha256, file);
    return {
      [Symbol.dispose]: () => {
        if (this.#files.get(sha256) === file) this.#files.delete(sha256);
      },
    };
  }

  find(sha256: string): ArrivingFile | undefined {
    return this.#files.get(sha256);
  }
}

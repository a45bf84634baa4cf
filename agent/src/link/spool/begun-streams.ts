import { isStreamName, type StreamName } from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";
import { frame, scan } from "./frame.ts";

const FILE = "spool/streams";

/** The streams whose first number was given: their files must be there, or numbers that were given are not known any more. */
export class BegunStreams {
  readonly #disk: Disk;
  #begun: ReadonlySet<StreamName>;

  private constructor(disk: Disk, begun: ReadonlySet<StreamName>) {
    this.#disk = disk;
    this.#begun = begun;
  }

  static async read(disk: Disk): Promise<BegunStreams> {
    // What cannot be read is as good as lost: it only matters where a stream's own files are gone as well.
    const [found] = scan((await disk.read(FILE).catch(() => undefined)) ?? new Uint8Array());
    const words = Buffer.from(found?.payload ?? []).toString();
    return new BegunStreams(disk, new Set(words.split(" ").filter(isStreamName)));
  }

  has(stream: StreamName): boolean {
    return this.#begun.has(stream);
  }

  /** To be called when the stream's first file is there, and before its first record. */
  async add(stream: StreamName): Promise<void> {
    if (this.#begun.has(stream)) return;
    const begun = new Set([...this.#begun, stream]);
    await this.#disk.write(FILE, frame(Buffer.from([...begun].join(" "))));
    this.#begun = begun;
  }
}

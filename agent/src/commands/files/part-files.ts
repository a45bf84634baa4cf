import type { Disk, Log } from "@edgemere/protocol/kit";
import type { FileTransfers } from "../../host/file-transfers.ts";

const FILE = "file-parts";

type Noted = Readonly<Record<string, { readonly path: string; readonly roots: readonly string[] }>>;

/** Where files are that came in part: written down before the first byte, so that nothing is left that nobody knows of. */
export class PartFiles {
  readonly #disk: Disk;
  readonly #log: Log;
  #noted: Noted | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor({ disk, log }: { readonly disk: Disk; readonly log: Log }) {
    this.#disk = disk;
    this.#log = log;
  }

  note(command: string, place: Noted[string]): Promise<void> {
    return this.#change((noted) => ({ ...noted, [command]: place }));
  }

  forget(command: string): Promise<void> {
    return this.#change(({ [command]: _, ...rest }) => rest);
  }

  /** Removes what is there of commands that will not go on. What cannot be removed is tried at the next start. */
  async sweep(open: ReadonlySet<string>, transfers: FileTransfers | undefined): Promise<void> {
    for (const [command, place] of Object.entries(await this.#read())) {
      if (open.has(command) || transfers === undefined) continue;
      try {
        await transfers.forget({ ...place, mark: command });
        await this.forget(command);
      } catch (error) {
        this.#log.warn("a part of a file was not removed", { command, path: place.path, error });
      }
    }
  }

  #change(how: (noted: Noted) => Noted): Promise<void> {
    const turn = this.#turn.then(async () => {
      const after = how(await this.#read());
      await this.#disk.write(FILE, Buffer.from(JSON.stringify(after)));
      this.#noted = after;
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** What cannot be read is as if it were empty: a part that is left takes room, and does no more harm. */
  async #read(): Promise<Noted> {
    if (this.#noted !== undefined) return this.#noted;
    const bytes = await this.#disk.read(FILE);
    try {
      return bytes === undefined ? {} : (JSON.parse(new TextDecoder().decode(bytes)) as Noted);
    } catch {
      return {};
    }
  }
}

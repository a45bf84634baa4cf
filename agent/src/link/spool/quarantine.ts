import type { StreamName } from "@edgemere/protocol";
import type { Env } from "@edgemere/protocol/kit";

const FOLDER = "spool/damaged";
const MOST_FILES = 4;

/** Damaged segments as they were found, for whoever wants to know why; the newest few. */
export class Quarantine {
  readonly #env: Env;
  readonly #maxBytes: number;
  /** Name and size, oldest first. */
  readonly #files: { readonly name: string; readonly bytes: number }[];

  private constructor(env: Env, maxBytes: number, files: { readonly name: string; readonly bytes: number }[]) {
    this.#env = env;
    this.#maxBytes = maxBytes;
    this.#files = files;
  }

  static async open(env: Env, maxBytes: number): Promise<Quarantine> {
    const files = [];
    for (const name of await env.disk.list(FOLDER)) {
      // What cannot even be read is of no use to anybody.
      const content = await env.disk.read(`${FOLDER}/${name}`).catch(() => undefined);
      files.push({ name, bytes: content?.length ?? 0 });
    }
    const quarantine = new Quarantine(env, maxBytes, files);
    await quarantine.#keepTo(MOST_FILES, maxBytes);
    return quarantine;
  }

  get bytes(): number {
    return this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Keeps a copy, if there is room for it. */
  async take(stream: StreamName, segment: number, content: Uint8Array): Promise<void> {
    if (content.length > this.#maxBytes) return;
    await this.#keepTo(MOST_FILES - 1, this.#maxBytes - content.length);
    const at = String(Math.max(0, Math.round(this.#env.clock.now()))).padStart(15, "0");
    const name = `${at}-${stream}-${segment}.segment`;
    await this.#env.disk.write(`${FOLDER}/${name}`, content);
    this.#files.push({ name, bytes: content.length });
  }

  async #keepTo(files: number, bytes: number): Promise<void> {
    while (this.#files.length > files || this.bytes > bytes) {
      const oldest = this.#files[0];
      if (oldest === undefined) return;
      await this.#env.disk.remove(`${FOLDER}/${oldest.name}`);
      this.#files.shift();
    }
  }
}

import { SECOND, type Env } from "@edgemere/protocol/kit";
import type { LinkStatus } from "./link-status.ts";

export const LINK_STATUS_FILE = "link-status";
const APART = 5 * SECOND;

/** Keeps a file that tells a person on the host how the connection stands: written when that changes, at most every few seconds. */
export class LinkStatusFile implements AsyncDisposable {
  readonly #env: Env;
  readonly #tell: () => LinkStatus;
  readonly #stop = new AbortController();
  #writing: Promise<void> | undefined;
  #isStale = false;

  constructor(env: Env, tell: () => LinkStatus) {
    this.#env = env;
    this.#tell = tell;
  }

  changed(): void {
    this.#isStale = true;
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { disk, clock, log } = this.#env;
    while (this.#isStale) {
      this.#isStale = false;
      const text = `${JSON.stringify(this.#tell())}\n`;
      // On a full disk only the person who looks misses something.
      await disk.write(LINK_STATUS_FILE, Buffer.from(text)).catch((error: unknown) => {
        log.debug("status of the connection not written down", { error });
      });
      await clock.sleep(APART, this.#stop.signal);
    }
  }
}

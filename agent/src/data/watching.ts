import type { Env } from "@edgemere/protocol/kit";
import { HostError, type FileWatch, type Host } from "../host/host.ts";
import type { Outbox } from "../link/outbox.ts";
import type { Source } from "./report.ts";

type Parts = { readonly env: Env; readonly host: Host; readonly outbox: Outbox; readonly source: Source };

/** Has a directory watched where the host can. Why it is not is told once, and again when it is another reason. */
export class Watching implements Disposable {
  readonly #parts: Parts;
  readonly #changed: () => void;
  #watch: FileWatch | undefined;
  #told = "";

  constructor(parts: Parts, changed: () => void) {
    this.#parts = parts;
    this.#changed = changed;
  }

  get isWatched(): boolean {
    return this.#watch !== undefined;
  }

  /** Watches anew: of a folder whose coming was missed nothing would ever be heard. */
  async renew(): Promise<void> {
    const { host, source } = this.#parts;
    this[Symbol.dispose]();
    if (host.watchFiles === undefined) return;
    try {
      this.#watch = await host.watchFiles(source.path, {
        changed: this.#changed,
        ended: (reason) => {
          this.#watch = undefined;
          void this.#tell(reason);
        },
      });
      this.#told = "";
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      await this.#tell(error.message);
    }
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  async #tell(reason: string): Promise<void> {
    if (reason === this.#told) return;
    this.#told = reason;
    const { env, outbox, source } = this.#parts;
    const detail = `the data source "${source.name}" is looked through again and again, and not watched: ${reason}`;
    env.log.info("a data source is not watched", { source: source.name, reason });
    await outbox.append("event", { agentEvent: { name: "data-not-watched", detail } }).catch(() => {});
  }
}

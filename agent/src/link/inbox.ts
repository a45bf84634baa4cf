import { ProtocolError, unpack, type Arrival } from "@edgemere/protocol";
import type { Log } from "@edgemere/protocol/kit";

interface InboxParts {
  readonly log: Log;
  readonly handle: (arrival: Arrival) => Promise<void>;
  /** Told when something that made sense could not be done. */
  readonly failed: () => void;
  /** Told of what made no sense, or of which nothing proves who sent it. */
  readonly refused: (topic: string, error: ProtocolError) => void;
  /** Told when more comes than can be heard out. */
  readonly full: () => void;
  readonly signal: AbortSignal;
}

// A control plane that says more than this before it is heard out says nothing this device could use.
const MOST_WAITING = 1_000;

/** What arrives in one session, handled one message after another until the session is over. */
export class Inbox {
  readonly #parts: InboxParts;
  readonly #refusals = new Map<string, number>();
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  take(topic: string, payload: Uint8Array): void {
    const { signal, handle, full } = this.#parts;
    if (signal.aborted) return;
    if (this.#waiting >= MOST_WAITING) return full();
    this.#waiting += 1;
    this.#tail = this.#tail.then(async () => {
      try {
        if (!signal.aborted) await handle(unpack(topic, payload));
      } catch (error) {
        this.#refuse(topic, error);
      } finally {
        this.#waiting -= 1;
      }
    });
  }

  /** Resolves when nothing is being handled any more. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  /** Bytes that make no sense are not worth a connection; whatever else went wrong is put right by the next Sync, which is asked for. */
  #refuse(topic: string, error: unknown): void {
    const { log, failed, refused } = this.#parts;
    const kind = error instanceof ProtocolError ? error.reason : "failed";
    if (error instanceof ProtocolError) refused(topic, error);
    else failed();
    const count = (this.#refusals.get(kind) ?? 0) + 1;
    this.#refusals.set(kind, count);
    if (kind === "failed" || count === 1) log.warn("message not handled", { topic, kind, error });
  }
}

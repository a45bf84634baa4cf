import type { StreamName } from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import { bothLosses, type GapReason, type Loss } from "./kept-record.ts";

const TELL_EVERY = 5 * SECOND;

interface Refused {
  readonly reason: GapReason;
  readonly loss: Loss;
}

/** Records that were refused and have no number yet: they get theirs, as a gap, soon and not one by one. */
export class Losses implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #tell: () => Promise<void>;
  readonly #refused = new Map<StreamName, Refused>();
  readonly #stop = new AbortController();
  #telling: Promise<void> | undefined;

  /** `tell` makes gaps of what it can and takes that off here. */
  constructor(clock: Clock, tell: () => Promise<void>) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get streams(): readonly StreamName[] {
    return [...this.#refused.keys()];
  }

  of(stream: StreamName): Refused | undefined {
    return this.#refused.get(stream);
  }

  /** A loss joins one that waits already, under that one's reason. */
  add(stream: StreamName, reason: GapReason, loss: Loss): void {
    const before = this.#refused.get(stream);
    this.#refused.set(stream, before ? { ...before, loss: bothLosses(before.loss, loss) } : { reason, loss });
    this.#telling ??= this.#run();
  }

  take(stream: StreamName): void {
    this.#refused.delete(stream);
  }

  /** Whatever can be told has been told when it resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#telling;
    if (this.#refused.size > 0) await this.#tell();
  }

  async #run(): Promise<void> {
    while (this.#refused.size > 0 && !this.#stop.signal.aborted) {
      await this.#tell();
      await this.#clock.sleep(TELL_EVERY, this.#stop.signal);
    }
    this.#telling = undefined;
  }
}

import { SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { UNTIL_HEARD } from "./journal-state.ts";
import type { Journal } from "./journal.ts";

// The clock is put right in the same breath as the head is heard.
const SETTLED_AFTER = 5 * SECOND;

/** Which life of the control plane is obeyed, and since when its commands cannot have been in a journal that is lost. */
export class GenerationFence {
  readonly #env: { readonly clock: Clock; readonly log: Log };
  readonly #journal: Journal;
  #generation: number;
  #heardAt: number | undefined;

  constructor(env: { readonly clock: Clock; readonly log: Log }, journal: Journal) {
    this.#env = env;
    this.#journal = journal;
    this.#generation = journal.state.generation;
  }

  /** The highest that was heard. */
  get generation(): number {
    return this.#generation;
  }

  /** False when a higher one has spoken before. */
  async hear(generation: number): Promise<boolean> {
    if (generation < this.#generation) return false;
    this.#generation = generation;
    this.#heardAt ??= this.#env.clock.monotonic();
    const { state } = this.#journal;
    if (generation === state.generation) return true;
    const entry = { entry: "heard" as const, generation, doubtedUntil: state.doubtedUntil };
    await this.#journal.append(entry).catch((error: unknown) => {
      // On a full disk a device that is heard is worth more than a number that is safe.
      this.#env.log.warn("the generation of the control plane is not written down", { generation, error });
    });
    return true;
  }

  /** Ends the doubt about new commands, once the control plane was heard and its time is known. */
  async endDoubt(correctedNow: () => number): Promise<void> {
    if (this.#journal.state.doubtedUntil !== UNTIL_HEARD || this.#heardAt === undefined) return;
    if (this.#env.clock.monotonic() - this.#heardAt < SETTLED_AFTER) return;
    await this.#journal.append({ entry: "heard", generation: this.#generation, doubtedUntil: correctedNow() });
  }
}

import { SECOND } from "@edgemere/protocol/kit";

const STEP = 5 * SECOND;

/**
 * Deadlines of many things, of which most are put off before they come: one that is put off is found where it was, once, and laid where it belongs.
 * So putting off costs next to nothing, and nobody looks at all of them.
 */
export class Deadlines {
  readonly #due = new Map<string, number>();
  readonly #laid = new Map<number, Set<string>>();

  /** A thing is due then, in place of when it was due before. */
  set(id: string, at: number): void {
    const isLaid = this.#due.has(id);
    const before = this.#due.get(id) ?? Infinity;
    this.#due.set(id, at);
    // It lies where it is found too early, or is laid where it is due sooner.
    if (!isLaid || at < before) this.#lay(id, at);
  }

  remove(id: string): void {
    this.#due.delete(id);
  }

  clear(): void {
    this.#due.clear();
    this.#laid.clear();
  }

  /** Those that are due, each once: who wants to hear of one again sets it again. */
  take(now: number): readonly string[] {
    const due: string[] = [];
    const past = [...this.#laid].filter(([step]) => step * STEP <= now);
    for (const [step, ids] of past) {
      this.#laid.delete(step);
      for (const id of ids) {
        const at = this.#due.get(id);
        if (at === undefined) continue;
        if (at > now) {
          this.#lay(id, at);
          continue;
        }
        this.#due.delete(id);
        due.push(id);
      }
    }
    return due;
  }

  #lay(id: string, at: number): void {
    const step = Math.ceil(at / STEP);
    const ids = this.#laid.get(step) ?? new Set();
    ids.add(id);
    this.#laid.set(step, ids);
  }
}

interface Still {
  /** Milliseconds. */
  readonly stillFor: number;
  /** It was so already at the first look. */
  readonly isSinceStart: boolean;
}

/**
 * For how long something has been as it is, on the monotonic clock: the wall clock may step. Forgotten with the process,
 * which only gives everybody more time.
 */
export class Stillness {
  readonly #since = new Map<string, { readonly mark: string; readonly at: number; readonly isSinceStart: boolean }>();
  #isFirstLook = true;

  /** Since this mark was first seen of it; from now on when another was seen before, or none. */
  of(id: string, mark: string, now: number): Still {
    const known = this.#since.get(id);
    const same = known?.mark === mark ? known : { mark, at: now, isSinceStart: this.#isFirstLook };
    this.#since.set(id, same);
    return { stillFor: now - same.at, isSinceStart: same.isSinceStart };
  }

  /** Ends a look: forgets all but these. */
  keep(ids: ReadonlySet<string>): void {
    this.#isFirstLook = false;
    for (const id of this.#since.keys()) if (!ids.has(id)) this.#since.delete(id);
  }
}

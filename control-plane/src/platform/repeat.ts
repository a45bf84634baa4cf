import { Conflict } from "./change.ts";

const TRIES = 8;

/** Looks, decides and commits again when a row moved in between. What it runs must be safe to repeat. */
export async function repeatOnConflict<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Conflict) || attempt === TRIES) throw error;
    }
  }
}

import { Conflict } from "./change.ts";

// Of those who compete for a row one wins each round: enough for a rack of hosts that enrol at once with one token.
const TRIES = 100;

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

/** For loops: whoever moved a row meanwhile was right, and the next look decides anew. */
export function unlessMoved(error: unknown): void {
  if (!(error instanceof Conflict)) throw error;
}

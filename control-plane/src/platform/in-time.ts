import type { Clock } from "@edgemere/protocol/kit";

/** What becomes of the work, or an error when it takes longer than so many milliseconds; the work goes on all the same. */
export async function inTime<T>(work: Promise<T>, limit: number, clock: Clock): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(limit, done.signal).then(() => {
    if (done.signal.aborted) return work;
    throw new Error(`no answer within ${limit} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    // A reason of our own: without one an error is made, with its stack, each time.
    done.abort("over");
  }
}

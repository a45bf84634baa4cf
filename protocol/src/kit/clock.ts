export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The only source of time. */
export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. May step in either direction. */
  now(): number;
  /** Milliseconds since some fixed moment; never steps. */
  monotonic(): number;
  /** Resolves after `ms`, or early and without throwing when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

// Node's timers hold 31 bits; a longer pause is cut here and its loop simply looks once more.
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, LONGEST_TIMER));
      signal?.addEventListener("abort", done);
    }),
};

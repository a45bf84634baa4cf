const EVERY = 100;
/** What the event loop may keep others waiting, in all but one of a hundred cases, milliseconds. */
const AIM = 200;

/** Asks a control plane again and again how it is, and how long that takes; tells the 99th percentile. */
export function watchHealth(baseUrl: string): { end(): Promise<string> } {
  const stop = new AbortController();
  const taken: number[] = [];
  const reasons = new Set<string>();
  const asking = (async () => {
    while (!stop.signal.aborted) {
      const startedAt = performance.now();
      for (const reason of await reasonsAt(`${baseUrl}/healthz`)) reasons.add(reason);
      taken.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    }
  })();
  return {
    end: async () => {
      stop.abort();
      await asking;
      const p99 = taken.toSorted((one, other) => one - other)[Math.floor(taken.length * 0.99)] ?? 0;
      const told = reasons.size === 0 ? "ok throughout" : `it said: ${[...reasons].join(", ")}`;
      return `health answered within ${p99.toFixed(0)} ms (99 %, aim ${AIM}), ${told}`;
    },
  };
}

const reasonsAt = async (url: string): Promise<readonly string[]> => {
  try {
    return ((await (await fetch(url)).json()) as { readonly reasons: readonly string[] }).reasons;
  } catch {
    return ["it did not answer"];
  }
};

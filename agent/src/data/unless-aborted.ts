/** Resolves when the work is done, or nobody waits for it any more. Not Promise.race with one promise for all looks: each race would stay in memory as long as the agent runs. */
export const unlessAborted = (work: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const aborted = () => resolve();
    signal.addEventListener("abort", aborted);
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });

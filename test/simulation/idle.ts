/** Resolves when all that was woken has run: the cores wait for promises only, and those have all run when the next tick comes. */
export const untilIdle = (): Promise<void> =>
  Promise.resolve().then(() => new Promise((resolve) => process.nextTick(resolve)));

/** Lets a fault last. Never a way to wait for something that happens. */
export const lasting = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

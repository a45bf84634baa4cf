import { useSyncExternalStore } from "react";

/** Somebody who waits for a fresh proof of who uses the portal. */
interface Waiting {
  /** Gives the proof; rejects when it is none. */
  readonly prove: (password: string) => Promise<void>;
  readonly giveUp: () => void;
}

let waiting: Waiting | undefined;
const listeners = new Set<() => void>();

function show(next: Waiting | undefined): void {
  waiting = next;
  for (const listener of listeners) listener();
}

/** Asks the person for the password; whether it was given. Several requests that wait at once are asked one after the other. */
export function askForProof(ask: (path: string, input: object) => Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const before = waiting;
    const end = (isProved: boolean) => {
      show(before);
      resolve(isProved);
    };
    show({
      prove: async (password) => {
        await ask("ia/stepup", { password });
        end(true);
      },
      giveUp: () => end(false),
    });
  });
}

export const useWaitingForProof = (): Waiting | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting,
  );

import { Reconciler, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";

interface Parts<C> {
  /** Those who are connected now. */
  readonly connected: () => Iterable<C>;
  /** Throws where somebody may not stay. */
  readonly judge: (client: C) => Promise<void>;
  readonly end: (client: C) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const EVERY = SECOND;
/** Judged in one look: a fleet of so many is gone through every second, and a larger one costs no more. */
const AT_ONCE = 200;

/**
 * Judges those who are connected as if they came now, again and again: a certificate may end while its holder is connected.
 * Whoever decides that a device may not stay ends its connection at once; this finds what slipped through. That it cannot
 * be told right now ends nothing.
 */
export function startSweep<C>({ connected, judge, end, clock, log }: Parts<C>): AsyncDisposable {
  let round: readonly C[] = [];
  const name = "end connections that may not stay";
  const look = async (client: C): Promise<void> => {
    try {
      await judge(client);
    } catch (error) {
      if (isFinal(error)) end(client);
    }
  };
  const sweep = new Reconciler(
    {
      name,
      every: EVERY,
      onError: (error) => log.error("loop failed", { loop: name, error }),
      step: async () => {
        if (round.length === 0) round = [...connected()];
        const now = round.slice(0, AT_ONCE);
        round = round.slice(AT_ONCE);
        for (const client of now) await look(client);
        return "settled";
      },
    },
    clock,
  );
  sweep.start();
  return sweep;
}

/** A refusal carries the return code that a CONNECT would get. */
const isFinal = (error: unknown): boolean => error instanceof Error && "returnCode" in error;

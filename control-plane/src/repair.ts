import { MINUTE, type Clock, type Log } from "@edgemere/protocol/kit";
import type { Storage } from "./storage.ts";

interface Parts extends Pick<Storage, "guard" | "database"> {
  readonly recover: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  /** It cannot go on. */
  readonly fail: (error: unknown) => void;
}

const MOST = 5;
const WITHIN = 10 * MINUTE;

/**
 * Gets the store up again after a write failed: gives the ballast away, opens the database anew, goes on with what is really on
 * the disk. When that does not help, or again and again, the process must end: a fresh start tells more than a half-dead one.
 */
export function repairing({ guard, database, recover, clock, log, fail }: Parts): () => Promise<void> {
  let repairs: number[] = [];
  return async () => {
    const now = clock.monotonic();
    repairs = [...repairs.filter((at) => now - at < WITHIN), now];
    try {
      if (repairs.length > MOST) throw new Error(`the store failed ${MOST} times within ten minutes: look at the disk`);
      log.error("a write failed: the store is opened anew");
      await guard.release();
      await database.reopen();
      await recover();
      log.warn("the store is open again");
    } catch (error) {
      fail(error);
      throw error;
    }
  };
}

import type { Input } from "../../src/faces/client.ts";
import type { LiveCalls } from "../../src/faces/client-calls.ts";

/** Milliseconds that are waited for a report at most: in a chart time goes on, also where nothing is reported. */
const QUIET = 10_000;
/** More, for an answer on its way. */
const LOST_AFTER = QUIET + 5_000;

/** A channel for answers that wait, opened when somebody needs it. */
export interface LiveCallsOnDemand extends Disposable {
  readonly open: () => Promise<LiveCalls>;
}

export function liveCallsOnDemand(): LiveCallsOnDemand {
  let opened: Promise<LiveCalls> | undefined;
  return {
    open: () =>
      (opened ??= import("../../src/faces/client-calls.ts").then(({ openLiveCalls }) =>
        openLiveCalls({ baseUrl: "" }),
      )),
    [Symbol.dispose]: () => {
      void opened?.then((calls) => calls[Symbol.dispose]());
      opened = undefined;
    },
  };
}

/** What is to be reported. */
type Wanted = Pick<Input<"cpl/ta/watch">, "device" | "metric">;

/**
 * Waits, each time, until something was reported since the time before, or for a while. False where that cannot be known: the channel is
 * not there, or refuses.
 */
export function reportsOf(wanted: Wanted, calls: LiveCallsOnDemand): (signal: AbortSignal) => Promise<boolean> {
  let position: string | undefined;
  return async (signal) => {
    const live = await calls.open();
    if (!live.isConnected) return false;
    const stop = new AbortController();
    const end = () => stop.abort();
    const timer = setTimeout(end, LOST_AFTER);
    signal.addEventListener("abort", end);
    try {
      // Where it stands is found out without waiting.
      position ??= (await live.read("cpl/ta/watch", wanted, stop.signal)).position;
      const news = await live.read("cpl/ta/watch", { ...wanted, after: position, patience: QUIET }, stop.signal);
      position = news.position;
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  };
}

import { openLiveCalls } from "./client-calls.ts";
import type { ConnectionOptions } from "./client-connection.ts";
import type { Input, Output } from "./client.ts";

/** The newest value of one series of a device. */
export type WatchedValue = Output<"cpl/ta/watch">["values"][number];

export interface WatchValuesOptions extends ConnectionOptions {
  /** Which devices and metrics; all when it is empty. */
  readonly wanted: Omit<Input<"cpl/ta/watch">, "after" | "patience">;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds that one answer is waited for. */
const PATIENCE = 10_000;

/**
 * The newest values there are, and then those that come, each once, over lost connections: of several that come while nobody reads on,
 * the newest. Ends with the signal, throws the ProblemError of a refusal.
 */
export async function* watchValues({ wanted, signal, ...options }: WatchValuesOptions): AsyncGenerator<WatchedValue> {
  using calls = openLiveCalls(options);
  const told = new Map<string, WatchedValue>();
  let position: string | undefined;
  for (;;) {
    const input = { ...wanted, patience: PATIENCE, ...(position !== undefined && { after: position }) };
    const answer = await calls.read("cpl/ta/watch", input, signal).catch((error: unknown) => {
      if (signal?.aborted) return undefined;
      throw error;
    });
    if (answer === undefined) return;
    position = answer.position;
    for (const each of answer.values) {
      const series = JSON.stringify([each.device, each.metric, each.instance]);
      const known = told.get(series);
      // A device that reported told of all its series, and not all of them have moved.
      if (known !== undefined && known.at === each.at && known.value === each.value) continue;
      told.set(series, each);
      if (!signal?.aborted) yield each;
    }
  }
}

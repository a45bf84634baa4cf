import type { Clock } from "@edgemere/protocol/kit";

/** Does work that ends when its signal aborts, and aborts it after `limit` milliseconds or when the agent stops. */
export async function within<T>(
  limit: number,
  work: (deadline: AbortSignal) => Promise<T>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  const deadline = new AbortController();
  const stop = () => deadline.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const ended = new AbortController();
  void clock.sleep(limit, ended.signal).then(() => ended.signal.aborted || stop());
  try {
    return await work(deadline.signal);
  } finally {
    ended.abort();
    signal.removeEventListener("abort", stop);
  }
}

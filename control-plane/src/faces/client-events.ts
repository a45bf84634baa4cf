import type { DomainEvent } from "../platform/domain-event.ts";
import type { ProblemDocument } from "../platform/problem.ts";
import { connectLive, type ConnectionOptions } from "./client-connection.ts";
import { ProblemError } from "./client-problem.ts";

export interface WatchOptions extends ConnectionOptions {
  /** `datarequest.*`, `device.online`; `*` is everything. */
  readonly types: readonly string[];
  /** Only events after this number, the old ones first; only new ones when absent. */
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Batch {
  readonly subscription: string;
  readonly events: readonly DomainEvent[];
  readonly next: number;
}
type Subscribed = { readonly from: number } | { readonly problem: ProblemDocument };

/** The events of the control plane in their order, each once, over lost connections; ends with the signal, throws the ProblemError of a refusal. */
export async function* watchEvents(options: WatchOptions): AsyncGenerator<DomainEvent, void> {
  const { types, signal, onConnection } = options;
  const arrived: { readonly batch: Batch; readonly acknowledge: () => void }[] = [];
  let cursor = options.after;
  let failure: Error | undefined;
  let wake = () => {};
  const fail = (error: Error) => {
    failure = error;
    wake();
  };

  using socket = connectLive(options, fail);
  socket.on("connect", () => {
    socket.emit("subscribe", { types, ...(cursor !== undefined && { after: cursor }) }, (answer: Subscribed) => {
      if ("problem" in answer) return fail(new ProblemError(answer.problem));
      cursor ??= answer.from;
      onConnection?.(undefined);
    });
  });
  // Acknowledged when used up, so that the control plane sends no faster than we read.
  socket.on("events", (batch: Batch, acknowledge: () => void) => {
    cursor = batch.next;
    arrived.push({ batch, acknowledge });
    wake();
  });
  const onAbort = () => wake();
  signal?.addEventListener("abort", onAbort);
  try {
    for (;;) {
      if (signal?.aborted) return;
      if (failure !== undefined) throw failure;
      const first = arrived.shift();
      if (first === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      for (const event of first.batch.events) if (!signal?.aborted) yield event;
      first.acknowledge();
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

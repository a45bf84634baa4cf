import { io } from "socket.io-client";
import type { DomainEvent } from "../platform/domain-event.ts";
import type { ProblemDocument } from "../platform/problem.ts";
import { isProblem, ProblemError, Unreachable } from "./client-problem.ts";

export interface WatchOptions {
  /** Empty for the origin of the page. */
  readonly baseUrl: string;
  readonly token?: string | undefined;
  /** `datarequest.*`, `device.online`; `*` is everything. */
  readonly types: readonly string[];
  /** Only events after this number, the old ones first; only new ones when absent. */
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told whenever the connection comes (undefined) or goes (why). Coming back is tried for ever, from where it broke. */
  readonly onConnection?: (lost: Error | undefined) => void;
}

interface Batch {
  readonly subscription: string;
  readonly events: readonly DomainEvent[];
  readonly next: number;
}
type Subscribed = { readonly from: number } | { readonly problem: ProblemDocument };

/** The events of the control plane in their order, each once, over lost connections; ends with the signal, throws the ProblemError of a refusal. */
export async function* watchEvents(options: WatchOptions): AsyncGenerator<DomainEvent, void> {
  const { baseUrl, token, types, signal, onConnection } = options;
  const arrived: { readonly batch: Batch; readonly acknowledge: () => void }[] = [];
  let cursor = options.after;
  let failure: Error | undefined;
  let wake = () => {};
  const fail = (error: Error) => {
    failure = error;
    wake();
  };

  const socket = io(baseUrl || "/", {
    path: "/edgemere/socket.io",
    transports: ["websocket"],
    forceNew: true,
    ...(token !== undefined && { auth: { token } }),
  });
  socket.on("connect", () => {
    socket.emit("subscribe", { types, ...(cursor !== undefined && { after: cursor }) }, (answer: Subscribed) => {
      if ("problem" in answer) return fail(new ProblemError(answer.problem));
      cursor ??= answer.from;
      onConnection?.(undefined);
    });
  });
  socket.on("connect_error", (error: Error & { readonly data?: unknown }) => {
    if (isProblem(error.data)) fail(new ProblemError(error.data));
    else if (socket.active) onConnection?.(error);
    else fail(new Unreachable(`the control plane refused the event channel: ${error.message}`, { cause: error }));
  });
  socket.on("disconnect", (reason) => {
    onConnection?.(new Error(reason));
    // The control plane ended it, which is not repaired by itself: asking again tells why.
    if (!socket.active) socket.connect();
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
    socket.off();
    socket.disconnect();
  }
}

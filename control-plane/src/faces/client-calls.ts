import type { ProblemDocument } from "../platform/problem.ts";
import type { Input, Output, Path } from "./client.ts";
import { connectLive, type ConnectionOptions } from "./client-connection.ts";
import { ProblemError } from "./client-problem.ts";

/** Asks over one connection that stays open. */
export interface LiveCalls extends Disposable {
  readonly isConnected: boolean;
  /** An action that changes nothing: it is asked again when the connection is lost before its answer. Throws the ProblemError of a refusal, or the signal's reason. */
  readonly read: <P extends Path>(path: P, input: Input<P>, signal?: AbortSignal) => Promise<Output<P>>;
}

type Answer = { readonly output: unknown } | { readonly problem: ProblemDocument };

export function openLiveCalls(options: ConnectionOptions): LiveCalls {
  let failure: Error | undefined;
  const failing = new Set<() => void>();
  const endAll = () => {
    for (const each of failing) each();
  };
  const fail = (error: Error) => {
    failure = error;
    endAll();
  };
  const socket = connectLive(options, fail);
  socket.on("connect", () => options.onConnection?.(undefined));
  // What was asked over the connection that is gone is answered by nobody.
  socket.on("disconnect", endAll);

  /** Undefined when it got lost, or nobody waits for it any more. */
  const answerTo = (path: string, input: unknown, signal: AbortSignal | undefined) =>
    new Promise<Answer | undefined>((resolve) => {
      const end = (answer?: Answer) => {
        failing.delete(end);
        signal?.removeEventListener("abort", onAbort);
        resolve(answer);
      };
      const onAbort = () => end();
      failing.add(end);
      signal?.addEventListener("abort", onAbort);
      // Without a time-out: each question is answered on the connection that it was asked on, or that connection ends.
      socket.emit("call", { path, input }, end);
    });

  return {
    get isConnected() {
      return socket.connected;
    },
    read: async (path, input, signal) => {
      for (;;) {
        signal?.throwIfAborted();
        if (failure !== undefined) throw failure;
        const answer = await answerTo(path, input, signal);
        if (answer === undefined) continue;
        if ("problem" in answer) throw new ProblemError(answer.problem);
        return answer.output as Output<typeof path>;
      }
    },
    [Symbol.dispose]: () => {
      fail(new Error("the connection was closed"));
      socket[Symbol.dispose]();
    },
  };
}

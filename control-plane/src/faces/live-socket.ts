import type { Server, Socket } from "socket.io";
import type { DomainEvent } from "../platform/domain-event.ts";
import { Problem, type ProblemDocument } from "../platform/problem.ts";
import type { Caller } from "../platform/caller.ts";
import type { FaceParts } from "./face.ts";
import { problemOf } from "./refusal.ts";

export interface EventBatch {
  readonly subscription: string;
  readonly events: readonly DomainEvent[];
  /** Number to go on after. */
  readonly next: number;
}
interface Asks {
  call: (...given: unknown[]) => void;
  subscribe: (...given: unknown[]) => void;
  unsubscribe: (...given: unknown[]) => void;
}
interface Tells {
  /** The next batch comes when this one was acknowledged. */
  events: (batch: EventBatch, acknowledge: () => void) => void;
}
interface Kept {
  credential: string;
}

export type Live = Server<Asks, Tells, Record<string, never>, Kept>;
export type LiveSocket = Socket<Asks, Tells, Record<string, never>, Kept>;

interface Heard {
  /** For the sender's acknowledgement. */
  readonly answer: object;
  /** What begins once the answer is on its way, and must not overtake it. */
  readonly begin?: () => void;
}

/** Hears one kind of message. Whatever it holds, its sender gets an answer, a refusal as `{ problem }`, and nobody is harmed. */
export function hear(
  socket: LiveSocket,
  name: keyof Asks,
  { log, newId }: FaceParts,
  run: (message: unknown, requestId: string) => Promise<Heard>,
): void {
  socket.on(name, (...given) => {
    const last = given.at(-1);
    const acknowledge = typeof last === "function" ? (last as (answer: unknown) => void) : () => {};
    const requestId = newId();
    run(given[0], requestId).then(
      ({ answer, begin }) => {
        acknowledge(answer);
        begin?.();
      },
      (error: unknown) => {
        const problem: ProblemDocument = problemOf(error, { log, requestId }).toDocument(requestId);
        acknowledge({ problem });
      },
    );
  });
}

/** Who speaks on a socket now: asked anew each time, so that what was revoked is refused from then on. */
export async function callerOf(socket: LiveSocket, { authenticate }: FaceParts, requestId: string): Promise<Caller> {
  const identity = await authenticate(socket.data.credential);
  if (identity === undefined)
    throw new Problem("not-signed-in", "the credential of this connection has expired or was revoked; sign in again");
  return { ...identity, via: "websocket", requestId, address: socket.handshake.address };
}

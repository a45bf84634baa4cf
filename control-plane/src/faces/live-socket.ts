import type { Server, Socket } from "socket.io";
import type { DomainEvent } from "../platform/domain-event.ts";
import { Problem } from "../platform/problem.ts";
import { ANYONE, maySomewhere, type Caller } from "../platform/caller.ts";
import type { TerminalNews } from "../platform/terminal-door.ts";
import type { FaceParts } from "./face.ts";
import { problemOf } from "./refusal.ts";

export interface EventBatch {
  readonly subscription: string;
  readonly events: readonly DomainEvent[];
  /** Number to go on after. */
  readonly next: number;
}
/** What this face is called in figures. */
export const LIVE = "websocket";

/** What it takes to open a terminal: who may not any more may not type, either. */
const TERMINAL = "command:terminal.open";
/** Every message that is heard, with what its sender must be allowed; a call is judged by its action. */
const heard = { call: ANYONE, subscribe: "event:read", unsubscribe: ANYONE, sit: TERMINAL, say: TERMINAL } as const;
type Asks = Record<keyof typeof heard, (...given: unknown[]) => void>;
interface Tells {
  /** The next batch comes when this one was acknowledged. */
  events: (batch: EventBatch, acknowledge: () => void) => void;
  terminal: (news: TerminalNews & { readonly job: string }) => void;
  /** The next comes when this was acknowledged. */
  shown: (
    shown: { readonly job: string; readonly from: number; readonly bytes: Uint8Array },
    acknowledge: () => void,
  ) => void;
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

/**
 * Hears one kind of message. Who speaks is asked anew each time, so that what was revoked is refused from then on. Whatever
 * it holds, its sender gets an answer, a refusal as `{ problem }`, and nobody is harmed.
 */
export function hear(
  socket: LiveSocket,
  name: keyof typeof heard,
  parts: FaceParts,
  run: (message: unknown, caller: Caller) => Promise<Heard>,
): void {
  answer(socket, name, parts, async (message, requestId) => {
    const caller = await callerOf(socket, parts, requestId);
    if (!maySomewhere(caller, heard[name]))
      throw new Problem("forbidden", `${caller.actor} may not ${name}: it needs the permission ${heard[name]}`);
    return run(message, caller);
  });
}

/** Who sends what is not heard is told so, whoever it is. */
export function refuseUnheard(socket: LiveSocket, parts: FaceParts): void {
  // What stands where a name belongs is whatever the sender put there: a number is possible, too.
  socket.onAny((event: unknown, ...given: unknown[]) => {
    const name = String(event);
    if (Object.hasOwn(heard, name)) return;
    const requestId = parts.newId();
    const known = Object.keys(heard).join(", ");
    parts.refusals?.add([LIVE, "unknown-action"]);
    const problem = new Problem("unknown-action", `there is no message "${name.slice(0, 64)}"; there are ${known}`);
    acknowledgementIn(given)({ problem: problem.toDocument(requestId) });
  });
}

const acknowledgementIn = (given: readonly unknown[]): ((answer: unknown) => void) => {
  const last = given.at(-1);
  return typeof last === "function" ? (last as (answer: unknown) => void) : () => {};
};

function answer(
  socket: LiveSocket,
  name: keyof typeof heard,
  { log, newId, refusals }: FaceParts,
  run: (message: unknown, requestId: string) => Promise<Heard>,
): void {
  socket.on(name, (...given) => {
    const acknowledge = acknowledgementIn(given);
    const requestId = newId();
    run(given[0], requestId).then(
      ({ answer, begin }) => {
        acknowledge(answer);
        begin?.();
      },
      (error: unknown) => {
        const problem = problemOf(error, { log, requestId });
        refusals?.add([LIVE, problem.type]);
        acknowledge({ problem: problem.toDocument(requestId) });
      },
    );
  });
}

/** Who speaks on a socket now. Throws Problem not-signed-in when nobody does any more. */
async function callerOf(socket: LiveSocket, { authenticate }: FaceParts, requestId: string): Promise<Caller> {
  const identity = await authenticate(socket.data.credential);
  if (identity === undefined)
    throw new Problem("not-signed-in", "the credential of this connection has expired or was revoked; sign in again");
  return { ...identity, via: "websocket", requestId, address: socket.handshake.address };
}

/** What of some events the holder of a socket may know of now; undefined when it is none of them any more. */
export async function eventsFor(
  socket: LiveSocket,
  events: readonly DomainEvent[],
  { authenticate, scopes }: FaceParts,
): Promise<readonly DomainEvent[] | undefined> {
  const identity = await authenticate(socket.data.credential);
  if (identity === undefined || !maySomewhere(identity, heard.subscribe)) return undefined;
  const reach = scopes.reachOf(identity, heard.subscribe);
  if (reach.isEverywhere) return events;
  const known: DomainEvent[] = [];
  for (const event of events) if (await reach.coversEvent(event)) known.push(event);
  return known;
}

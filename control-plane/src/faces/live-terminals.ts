import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { limits } from "@edgemere/protocol";
import { Problem } from "../platform/problem.ts";
import type { TerminalSeat, TerminalViewer } from "../platform/terminal-door.ts";
import type { FaceParts } from "./face.ts";
import { hear, type LiveSocket } from "./live-socket.ts";

/** Terminals at which one connection may sit. */
const AT_ONCE = 8;
/** Of what is typed at once. */
const TYPED = 16 * 1024;

const Cells = Type.Integer({ minimum: 1, maximum: limits.terminalCells });
const Sit = Type.Object({ job: Type.String({ maxLength: 64 }), seen: Type.Optional(Type.Integer({ minimum: 0 })) });
const Say = Type.Object({
  job: Type.String({ maxLength: 64 }),
  typed: Type.Optional(Type.String({ maxLength: TYPED })),
  from: Type.Optional(Type.Integer({ minimum: 0 })),
  size: Type.Optional(Type.Object({ columns: Cells, rows: Cells })),
  leave: Type.Optional(Type.Literal(true)),
});

/**
 * `sit { job, seen? }` → `{ typed }`, and from then on `terminal { job, state, … }` and `shown { job, from, bytes }`, each of which is
 * to be acknowledged before the next comes. `say { job, typed?, from?, size?, leave? }` → `{}` when there is room for more: what was typed before `from` was taken already.
 */
export function answerTerminals(socket: LiveSocket, parts: FaceParts): void {
  const seats = new Map<string, TerminalSeat>();
  socket.on("disconnect", () => {
    for (const seat of seats.values()) seat[Symbol.dispose]();
  });

  hear(socket, "sit", parts, async (message, caller) => {
    if (parts.terminals === undefined) throw new Problem("conflict", "this control plane opens no terminals");
    if (!Value.Check(Sit, message))
      throw new Problem("invalid-input", "sit takes { job, seen? }: the job that asked for a terminal");
    if (seats.size >= AT_ONCE)
      throw new Problem("too-many-requests", `more than ${AT_ONCE} terminals on one connection`);
    const { job, seen = 0 } = message;
    const told: (() => void)[] = [];
    let tell = (news: () => void): void => {
      told.push(news);
    };
    const viewer: TerminalViewer = {
      show: ({ from, bytes }) => shown(socket, { job, from, bytes }),
      tell: (news) => tell(() => void socket.emit("terminal", { job, ...news })),
    };
    const seat = await parts.terminals.sit({ job, seen, caller }, viewer);
    seats.get(job)?.[Symbol.dispose]();
    seats.set(job, seat);
    if (socket.disconnected) seat[Symbol.dispose]();
    const begin = (): void => {
      for (const news of told) news();
      tell = (news) => {
        news();
      };
    };
    return { answer: { typed: seat.typed }, begin };
  });

  hear(socket, "say", parts, async (message) => {
    if (!Value.Check(Say, message))
      throw new Problem(
        "invalid-input",
        "say takes { job, typed?, from?, size?, leave? }: what is typed at a terminal, its size, or that it ends",
      );
    const { job, typed, from = 0, size, leave } = message;
    const seat = seats.get(job);
    if (seat === undefined) throw new Problem("conflict", "nobody sits at this terminal here: sit first");
    if (size !== undefined) seat.resize(size);
    if (typed !== undefined) await seat.type(typed, from);
    if (leave) seat.hangUp();
    return { answer: {} };
  });
}

/** Resolves when the receiver has shown it, and rejects when it is gone. */
const shown = (
  socket: LiveSocket,
  output: { readonly job: string; readonly from: number; readonly bytes: Uint8Array },
) =>
  new Promise<void>((resolve, reject) => {
    const gone = () => reject(new Error("nobody looks any more"));
    if (socket.disconnected) return gone();
    socket.once("disconnect", gone);
    socket.emit("shown", output, () => {
      socket.off("disconnect", gone);
      resolve();
    });
  });

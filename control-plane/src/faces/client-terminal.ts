import type { ProblemDocument } from "../platform/problem.ts";
import type { TerminalNews } from "../platform/terminal-door.ts";
import { connectLive, type ConnectionOptions } from "./client-connection.ts";
import { ProblemError } from "./client-problem.ts";
import { terminalFilter } from "./client-terminal-filter.ts";

export type { TerminalNews };

export interface TerminalOptions extends Pick<ConnectionOptions, "baseUrl" | "token"> {
  /** The job that asked for the terminal. */
  readonly job: string;
  /** Shows text that is harmless to a terminal. Resolves when it is on the screen: nothing more comes before. */
  readonly show: (text: string) => Promise<void>;
  readonly tell: (news: TerminalNews | { readonly state: "lost"; readonly why: string }) => void;
  /** It cannot go on: a refusal (ProblemError), or nobody answers in a way that could change (Unreachable). */
  readonly fail: (error: Error) => void;
}

/** A seat at a terminal: what is typed at it arrives in order and once, also when the connection is lost meanwhile. */
export interface TerminalConnection extends Disposable {
  type(text: string): void;
  resize(size: { readonly columns: number; readonly rows: number }): void;
  /** Ends the terminal. */
  leave(): void;
}

interface Shown {
  readonly job: string;
  readonly from: number;
  readonly bytes: ArrayBuffer | Uint8Array;
}
type Answer = { readonly typed?: number } | { readonly problem: ProblemDocument };

// Of what is typed at once; more goes piece by piece.
const PIECE = 4_096;

/** Sits down at a terminal, and again after each lost connection, until it has ended. */
export function sitAtTerminal(options: TerminalOptions): TerminalConnection {
  const { baseUrl, token, job, show, tell, fail } = options;
  let seen = 0;
  let isSeated = false;
  let isSaying = false;
  // What is not known to have arrived, and where that begins, counted from the first character typed at this terminal.
  let typed = "";
  let from: number | undefined;
  const filter = terminalFilter();
  let size: { readonly columns: number; readonly rows: number } | undefined;
  let isLeaving = false;

  const onConnection = (lost: Error | undefined) => {
    if (lost === undefined) return;
    [isSeated, isSaying] = [false, false];
    tell({ state: "lost", why: lost.message });
  };
  const socket = connectLive({ baseUrl, token, onConnection }, fail);
  const say = () => {
    if (!isSeated || isSaying || !(typed !== "" || size !== undefined || isLeaving)) return;
    const piece = typed.slice(0, PIECE);
    const message = {
      job,
      ...(piece !== "" && { typed: piece, from }),
      ...(size && { size }),
      ...(isLeaving && { leave: true }),
    };
    [size, isLeaving, isSaying] = [undefined, false, true];
    socket.emit("say", message, (answer: Answer) => {
      isSaying = false;
      if ("problem" in answer) return fail(new ProblemError(answer.problem));
      typed = typed.slice(piece.length);
      from = (from ?? 0) + piece.length;
      say();
    });
  };
  socket.on("connect", () => {
    socket.emit("sit", { job, seen }, (answer: Answer) => {
      if ("problem" in answer) return fail(new ProblemError(answer.problem));
      const { typed: taken = 0 } = answer;
      // Of what was under way when the connection was lost, so much has arrived.
      if (from !== undefined) typed = typed.slice(taken - from);
      from = taken;
      isSeated = true;
      say();
    });
  });
  socket.on("terminal", (news: TerminalNews & { readonly job: string }) => {
    if (news.job === job) tell(news);
  });
  socket.on("shown", ({ job: of, from, bytes }: Shown, acknowledge: () => void) => {
    if (of !== job) return acknowledge();
    const fresh = new Uint8Array(bytes).subarray(Math.max(0, seen - from));
    seen = Math.max(seen, from + new Uint8Array(bytes).length);
    void show(filter(fresh)).then(acknowledge);
  });
  return {
    type: (text) => {
      typed += text;
      say();
    },
    resize: (next) => {
      size = next;
      say();
    },
    leave: () => {
      isLeaving = true;
      say();
    },
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}

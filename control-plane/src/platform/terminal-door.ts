import type { Caller } from "./caller.ts";

/** How a terminal stands, for whoever sits at it. */
export type TerminalNews =
  /** It is not open yet: its job waits for approval, or its device has not answered. */
  | { readonly state: "waiting" }
  | { readonly state: "open" }
  | {
      readonly state: "ended";
      /** A code of the protocol's reasons, or of ours; empty when the shell ended or somebody left. */
      readonly reason: string;
      readonly detail: string;
      /** Of the shell, where it told one. */
      readonly exitCode?: number;
    };

/** Somebody who looks at a terminal. */
export interface TerminalViewer {
  /** Resolves when it was shown, and rejects when nobody looks any more. `from`: where the bytes begin, counted from the first. */
  show(shown: { readonly from: number; readonly bytes: Uint8Array }): Promise<void>;
  tell(news: TerminalNews): void;
}

/** A place at a terminal. Leaving it ends nothing at once: who comes back in time goes on. */
export interface TerminalSeat extends Disposable {
  /** So many characters were typed at this terminal before, and taken. */
  readonly typed: number;
  /** Resolves when the device has room for more. `from`: where the text begins; what was taken before is not typed again. */
  type(text: string, from: number): Promise<void>;
  resize(size: { readonly columns: number; readonly rows: number }): void;
  /** Ends the terminal. */
  hangUp(): void;
}

/** The way from a face to the terminals that are open. */
export interface TerminalDoor {
  /**
   * Sits down at the terminal that a job has asked for, which only its author may. `seen`: bytes that this viewer has shown
   * already. Throws Problem.
   */
  sit(
    asked: { readonly job: string; readonly seen: number; readonly caller: Caller },
    viewer: TerminalViewer,
  ): Promise<TerminalSeat>;
}

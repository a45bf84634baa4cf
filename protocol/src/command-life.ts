import { machine, type SignalOf, type StateOf } from "./kit/machine.ts";
import { v1 } from "./messages.ts";

/** The life of a command, as the control plane keeps it. Final states never change. */
export const commandLife = machine("command", "queued", {
  queued: { offer: "offered", expire: "expired", cancel: "cancelled", lose: "lost" },
  offered: {
    journal: "journaled",
    run: "running",
    succeed: "succeeded",
    fail: "failed",
    reject: "rejected",
    expire: "expired",
    cancel: "cancelled",
    timeout: "timedout",
    interrupt: "interrupted",
    lose: "lost",
  },
  journaled: {
    run: "running",
    succeed: "succeeded",
    fail: "failed",
    reject: "rejected",
    expire: "expired",
    cancel: "cancelled",
    timeout: "timedout",
    interrupt: "interrupted",
    lose: "lost",
  },
  running: {
    succeed: "succeeded",
    fail: "failed",
    cancel: "cancelled",
    timeout: "timedout",
    interrupt: "interrupted",
    lose: "lost",
  },
  succeeded: {},
  failed: {},
  rejected: {},
  expired: {},
  cancelled: {},
  timedout: {},
  interrupted: {},
  lost: {},
});

export type CommandState = StateOf<typeof commandLife>;
export type CommandSignal = SignalOf<typeof commandLife>;

const Phase = v1.CommandPhase;

/** What each phase that a device reports means for the command's life. */
export const phaseNames: Readonly<Record<number, CommandSignal>> = {
  [Phase.COMMAND_PHASE_JOURNALED]: "journal",
  [Phase.COMMAND_PHASE_RUNNING]: "run",
  [Phase.COMMAND_PHASE_SUCCEEDED]: "succeed",
  [Phase.COMMAND_PHASE_FAILED]: "fail",
  [Phase.COMMAND_PHASE_REJECTED]: "reject",
  [Phase.COMMAND_PHASE_EXPIRED]: "expire",
  [Phase.COMMAND_PHASE_CANCELLED]: "cancel",
  [Phase.COMMAND_PHASE_TIMED_OUT]: "timeout",
  [Phase.COMMAND_PHASE_INTERRUPTED]: "interrupt",
};

export const isFinalPhase = (phase: number): boolean => phase > Phase.COMMAND_PHASE_RUNNING;

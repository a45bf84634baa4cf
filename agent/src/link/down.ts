import type { v1 } from "@edgemere/protocol";

/** What the session hands to the duty that carries out commands. */
export interface CommandDuty {
  /**
   * Called with the generation of every signed head, before anything else of its Sync is believed. False when a higher one
   * has spoken before: this is an outdated copy of the control plane and must not be obeyed.
   */
  hear(generation: number): Promise<boolean>;
  /** Resolves when every one of them is journaled or refused. The same command may come any number of times. */
  receive(envelopes: readonly v1.SignedEnvelope.$Shape[]): Promise<void>;
  cancel(commands: readonly string[]): Promise<void>;
  status(): CommandStatus;
  /** What is wrong with the commands, in stable words. */
  conditions(): readonly string[];
  /** One word for each kind this agent carries out, such as `command:ping`. */
  readonly capabilities: readonly string[];
}

export interface CommandStatus {
  /** Highest command sequence number in the journal. */
  readonly highSequence: number;
  /** The commands there that have not ended or whose end is not reported. */
  readonly open: readonly string[];
  /** The highest generation of the control plane that was heard. */
  readonly generation: number;
}

import type { v1 } from "@edgemere/protocol";

/** What the session hands to the duty that carries out commands. */
export interface CommandDuty {
  /** Resolves when every one of them is journaled or refused. The same command may come any number of times. */
  receive(envelopes: readonly v1.SignedEnvelope.$Shape[]): Promise<void>;
  cancel(commands: readonly string[]): Promise<void>;
  /** Highest command sequence number in the journal, and the commands there that have not ended or whose end is not reported. */
  status(): { readonly highSequence: number; readonly open: readonly string[] };
  /** One word for each kind this agent carries out, such as `command:ping`. */
  readonly capabilities: readonly string[];
}

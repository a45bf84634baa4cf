import type { Random } from "@edgemere/protocol/kit";
import type { PlatformContext } from "../../platform/context.ts";
import type { Sealing } from "../../platform/sealing.ts";
import type { Contact } from "./contract.ts";
import type { Tally } from "./tally.ts";

/** What came back from the other side. */
export interface Answer {
  /** Of HTTP or SMTP; 0 where none came. */
  readonly status: number;
  /** Its first words, or why none came. */
  readonly text: string;
  /** Milliseconds that it asks for. */
  readonly retryAfter?: number;
  /** Nothing was sent, and will not be: it may not be sent there. */
  readonly isForbidden?: boolean;
  /** Nobody was asked to the end: the control plane stops. */
  readonly isGivenUp?: boolean;
}

/** How what is told gets there. None of them throws: what goes wrong is an answer. */
export interface Roads {
  readonly webhook: (letter: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }) => Promise<Answer>;
  readonly mail: (letter: {
    readonly to: string;
    /** The same with each try. */
    readonly messageId: string;
    readonly subject: string;
    readonly text: string;
  }) => Promise<Answer>;
  /** Throws Problem where this contact could never be reached. */
  readonly refuse: (contact: Pick<Contact, "kind" | "address">) => void;
}

export interface NotifierContext extends PlatformContext {
  readonly random: Random;
  readonly notifier: {
    readonly roads: Roads;
    readonly sealing: Sealing;
    readonly trustDomain: string;
    /** How long a notice is tried, and how long it is kept when it is over, milliseconds. */
    readonly tryFor: number;
    readonly keepFor: number;
    readonly tally: Tally;
  };
}

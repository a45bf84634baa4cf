import type { Loop } from "@edgemere/protocol/kit";
import type { Record_, StreamName, v1 } from "@edgemere/protocol";
import type { AnyAction, Handler, InputOf } from "./action.ts";
import type { Change } from "./change.ts";
import type { DomainEvent } from "./domain-event.ts";
import type { AnyResource, EventOf, Row } from "./resource.ts";

/** "When this happens, ask for that": one line of a subsystem's table of messages handled. */
export interface Rule {
  readonly resource: AnyResource;
  readonly event: string;
  readonly action: AnyAction;
  readonly input: (event: DomainEvent) => unknown;
}

/** Declares a rule. A misspelt event does not compile. */
export const when = <R extends AnyResource, A extends AnyAction>(
  resource: R,
  event: EventOf<R>,
  action: A,
  input: (event: Omit<DomainEvent, "data"> & { readonly data: Row<R> }) => InputOf<A>,
): Rule => ({ resource, event, action, input: input as Rule["input"] });

/** New records of one stream of a device, in order and each for the first time. */
export interface Received {
  readonly device: string;
  readonly records: readonly Record_[];
  /** When they reached the control plane. */
  readonly receivedAt: number;
}

/** What a device says of itself at the start and the end of a session. */
export interface SessionNews {
  readonly device: string;
  readonly epoch: number;
  readonly kind: "opened" | "closed";
  readonly reason: string;
  readonly hello?: {
    readonly bootId: string;
    readonly agentVersion: string;
    readonly capabilities: readonly string[];
    readonly lastExitReason: string;
    readonly clockOffset: number;
  };
}

/** Signed commands for one device, oldest first. */
export interface Offer {
  readonly commands: readonly v1.SignedEnvelope.$Shape[];
  readonly cancelled: readonly string[];
  /** Sequence number of the newest command there is, offered or not. */
  readonly latestSequence: number;
  readonly more: boolean;
}

/** One subsystem of the control plane: its table of contents. */
export interface Feature<C> {
  readonly name: string;
  readonly resources: readonly AnyResource[];
  readonly actions: readonly Handler<C>[];
  readonly rules?: readonly Rule[];
  /**
   * What becomes of records: changes that land in one commit with the stream's watermark. May be asked again
   * for the same records when a row moved meanwhile, so it only looks and decides.
   */
  readonly receives?: { readonly [S in StreamName]?: (received: Received, context: C) => Promise<readonly Change[]> };
  /** A session opened or closed. */
  readonly sessions?: (news: SessionNews, context: C) => Promise<readonly Change[]>;
  /** What waits for a device, for its next Sync. */
  readonly offers?: (device: string, context: C) => Promise<Offer>;
  readonly loops?: (context: C) => readonly Loop[];
}

export const feature = <C>(declaration: Feature<C>): Feature<C> => declaration;

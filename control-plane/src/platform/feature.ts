import type { Loop } from "@edgemere/protocol/kit";
import type { Record_, Samples, StreamName, Trust, v1 } from "@edgemere/protocol";
import type { AnyAction, Handler, InputOf } from "./action.ts";
import type { Admitted, Asked } from "./admission.ts";
import type { Change } from "./change.ts";
import type { DomainEvent } from "./domain-event.ts";
import type { Family } from "./figures.ts";
import type { AnyResource, EventOf, Row } from "./resource.ts";
import type { Realm } from "./scopes.ts";

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
  /** Of those with telemetry, by their sequence numbers. */
  readonly samples: ReadonlyMap<number, Samples>;
  /** When they reached the control plane. */
  readonly receivedAt: number;
  /** What the device knows of its own clock in the periods that these records name. */
  readonly clocks: readonly ClockOffset[];
  /** Records that break a rule and are never taken. In `records` a gap with the reason "refused" stands for them. */
  readonly refused: readonly RefusedRecord[];
}

/** How far the control plane's clock was ahead of a device's in one period of that clock. Milliseconds. */
export interface ClockOffset {
  readonly clockPeriod: number;
  readonly offset: number;
  readonly uncertainty: number;
}

/** What is left of a record that was refused: evidence, not content. */
export interface RefusedRecord {
  readonly sequence: number;
  readonly at: number;
  readonly reason: string;
  readonly detail: string;
  readonly bytes: number;
  /** SHA-256 of the record as it came, hex. */
  readonly hash: string;
}

/** Where a device stands in one of its streams, by its own word. */
export interface StreamPosition {
  readonly stream: string;
  readonly firstUnacknowledged: number;
  /** Number the next record will get. */
  readonly next: number;
  /** Bytes that wait to be acknowledged. */
  readonly bytes: number;
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
    readonly clockPeriod: number;
    /** What is wrong with the agent now, in stable words. */
    readonly conditions: readonly string[];
    readonly streams: readonly StreamPosition[];
    readonly spoolBytes: number;
    /** The highest life of the control plane it has heard of. */
    readonly generation: number;
    readonly keyringVersion: number;
    /** Highest command number the device knows; absent where it may have grown since, in the same session. */
    readonly commandHighSequence?: number;
    /** The commands it has not ended. */
    readonly openCommands: readonly string[];
    /** The newest head of the audit log that it has kept, countersigned. */
    readonly auditHead?: v1.SignedEnvelope.$Shape;
    /** It remembers less than it told before: an old copy of its disk, or a second host with the same. */
    readonly isRestored?: { readonly reason: string };
  };
}

/** What a device signs its own words with. */
export interface MessageKey {
  /** Trusts this device's key in the role "device". */
  readonly trust: Trust;
  /** Whether the device is known to sign how its commands ended, so that what is not signed is not its word. */
  readonly isRequired: boolean;
}

/** A record came with the number of one that is stored, and says something else: two devices share one identity, or a disk lies. */
interface ConflictingRecord {
  readonly kind: "conflicting-record";
  readonly stream: StreamName;
  readonly sequence: number;
}

/** Somebody else speaks for the device. */
interface UnprovedResult {
  readonly kind: "unproved-result";
}

/** A device does more of something than any that keeps to the protocol. */
interface Misconduct {
  readonly kind: "misconduct";
}

/** A sealed piece of a terminal, from its device. */
export interface TerminalFrame {
  readonly device: string;
  readonly frame: v1.TerminalFrame.$Properties;
  /** The device's half of the key, where the frame brings it: signed by the device, which was seen before it came here. */
  readonly opened?: v1.TerminalOpened.$Properties;
}

/** Why a device is not to be trusted. */
export type Alarm = (ConflictingRecord | UnprovedResult | Misconduct) & {
  readonly device: string;
  /** In words, for an operator. */
  readonly reason: string;
};

/** Signed commands for one device, oldest first. */
export interface Offer {
  /** The ids of these commands, in their order. */
  readonly ids: readonly string[];
  readonly commands: readonly v1.SignedEnvelope.$Shape[];
  readonly cancelled: readonly string[];
  /** Sequence number of the newest command there is, offered or not. */
  readonly latestSequence: number;
  readonly more: boolean;
  /** The device is to renew its certificate now. */
  readonly mustRenew?: boolean;
  /** The device belongs here no more, for ever: it is to wipe its keys. */
  readonly isRetired?: boolean;
}

/** One subsystem of the control plane: its table of contents. */
export interface Feature<C> {
  readonly name: string;
  readonly resources: readonly AnyResource[];
  /** Whose rows grants can be limited to; one feature has it. */
  readonly realm?: Realm;
  readonly actions: readonly Handler<C>[];
  /** Has a say in every action before it is handled; one feature has it. */
  readonly admission?: (asked: Asked, context: C) => Promise<Admitted>;
  readonly rules?: readonly Rule[];
  /**
   * What becomes of records: changes that land in one commit with the stream's watermark. May be asked again
   * for the same records when a row moved meanwhile, so it only looks and decides.
   */
  readonly receives?: { readonly [S in StreamName]?: (received: Received, context: C) => Promise<readonly Change[]> };
  /** A session opened or closed. As long as a feature fails on that, the device is heard and gets no commands. */
  readonly sessions?: (news: SessionNews, context: C) => Promise<readonly Change[]>;
  /** Something about a device that cannot be true, or harms others. Told again at most once a minute as long as it goes on. */
  readonly alarms?: (alarm: Alarm, context: C) => Promise<readonly Change[]>;
  /** A frame of a terminal has come: whether that is open. Resolves soon: the device waits for it. Throws ProtocolError. */
  readonly frames?: (frame: TerminalFrame, context: C) => Promise<boolean>;
  /** What a device signs with; undefined when it is not known here. */
  readonly messageKey?: (device: string, context: C) => Promise<MessageKey | undefined>;
  /** What waits for a device, for its next Sync. */
  readonly offers?: (device: string, context: C) => Promise<Offer>;
  readonly loops?: (context: C) => readonly Loop[];
  /** How what it looks after is now, for whoever watches the control plane. */
  readonly figures?: (context: C) => Promise<readonly Family[]>;
}

export const feature = <C>(declaration: Feature<C>): Feature<C> => declaration;

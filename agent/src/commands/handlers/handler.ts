import type { commandKinds, Command, CommandKind, Encodable, PolicyPack, Reason, v1 } from "@edgemere/protocol";
import type { Arriving } from "../../neighbours/arriving.ts";
import type { Host, TakeOutput } from "../../host/host.ts";
import type { ChangeGuard } from "../changes/change-guard.ts";
import type { Settings } from "../../settings.ts";
import type { FileSurroundings } from "../files/transfer.ts";
import type { ReleaseUpgrade } from "../release-upgrade.ts";
import type { TerminalSurroundings } from "../terminal/terminal-session.ts";

export type ArgumentsOf<K extends CommandKind> = NonNullable<Command[(typeof commandKinds)[K]["task"]]>;
export type ResultOf<K extends CommandKind> = NonNullable<
  Encodable<typeof v1.CommandReport>[(typeof commandKinds)[K]["task"]]
>;

/** The data sources of this device, for commands that bring data and take it away. */
export interface DataPlaces {
  /** The source of a name, as it was configured. */
  find(name: string): { readonly path: string; readonly takesData?: boolean } | undefined;
  /** Looks at a source now: something was put there under that name, or taken away. */
  lookAt(name: string, placed?: string): void;
  /** Tells all that a source holds at its next look, which is now; gives how many files that were last. Undefined: there is no such source. */
  tellAll(name: string): number | undefined;
  /** Takes a snapshot of the database that fills a source, now. Undefined: there is none. */
  snapshot(name: string): Promise<Snapshotted> | undefined;
}

/** Data that is shown here and does not lie here. */
export interface MountDuty {
  /** Shows one more; false where it was shown before. Throws HostError when it cannot be seen. */
  add(
    file: { readonly name: string; readonly sha256: string; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Shows it no more; false where it was not shown, or is something else. */
  remove(file: { readonly name: string; readonly sha256: string }): Promise<boolean>;
}

/** What came of a snapshot that was asked for. */
export type Snapshotted =
  | { readonly name: string; readonly bytes: number; readonly isKnown: boolean }
  | { readonly failure: string };

/** The policies that this device watches by itself. */
export interface PolicyDuty {
  /** Has another pack take the place of the one there is. Gives why it was not taken. */
  take(pack: PolicyPack): Promise<{ readonly reason: Reason; readonly detail: string } | undefined>;
}

/** How a command went. What failed may have a result all the same, such as an exit code. */
export type Outcome<R> =
  | { readonly result: R }
  | { readonly reason: Reason; readonly detail: string; readonly result?: R };

export interface HandlerContext {
  /** The command's id: programs that it runs carry it as their mark. */
  readonly command: string;
  readonly host: Host;
  /** Aborts when the command is cancelled, runs too long, or the agent stops: end soon, then. */
  readonly signal: AbortSignal;
  /** Takes what the command writes; delivered while it runs. A promise says that there is enough for now. */
  readonly output: TakeOutput;
  /** The folders of whose logs the host's owner lets the agent tell, and `journal`. */
  readonly logRoots: readonly string[];
  /** Opens secrets of this command; to be used at once and told nobody. Throws ProtocolError when they are for another. */
  readonly secrets: (box: v1.SealedBox.$Shape) => Readonly<Record<string, string>>;
  /** Makes changes that may cut this device off, and takes them back when they do. */
  readonly changes: Pick<ChangeGuard, "carryOut" | "outcomeOf">;
  /** What an upgrade of this agent needs. */
  readonly upgrade: Pick<ReleaseUpgrade, "parts" | "proved">;
  /** What a terminal needs. */
  readonly terminal: TerminalSurroundings;
  /** What moving files needs. */
  readonly files: FileSurroundings;
  /** The directories whose data this device tells of. */
  readonly data: DataPlaces;
  /** Told what data is on its way; absent where nothing is given on. */
  readonly arriving?: Arriving | undefined;
  /** Absent where nothing is mounted. */
  readonly mounts?: MountDuty | undefined;
  /** The policies that this device watches by itself. */
  readonly policies: PolicyDuty;
  /** What of the agent may be set from far away; absent where nothing is. */
  readonly settings: Pick<Settings<unknown>, "change" | "over" | "undoOf"> | undefined;
  /** Reports the inventory now; gives the number of facts. */
  readonly refreshInventory: () => Promise<number>;
  /** How long this agent has been running, milliseconds. */
  readonly uptime: () => number;
}

/** Carries out one kind of command. */
export interface Handler<K extends CommandKind> {
  /** What is wrong with the arguments; undefined when nothing is. Asked before anything is promised. */
  readonly check?: (given: ArgumentsOf<K>) => string | undefined;
  /** A HostError that it throws becomes the failure it names. Of a boundary kind only failure counts: a new boot is its success. */
  readonly run: (given: ArgumentsOf<K>, context: HandlerContext) => Promise<Outcome<ResultOf<K>>>;
  /** How things are before the effect, in few words; written down with the start. A probe or boundary kind needs it. */
  readonly before?: (given: ArgumentsOf<K>, context: HandlerContext) => Promise<string>;
  /** What came of a start that the agent did not survive, seen from what `before` gave; undefined when it had no effect. */
  readonly after?: (
    given: ArgumentsOf<K>,
    before: string,
    context: HandlerContext,
  ) => Promise<Outcome<ResultOf<K>> | undefined>;
  /** Why a boundary kind failed whose effect was not seen in the time it had. */
  readonly unproven?: Reason;
}

/** Of a kind that tells after a death of the agent whether it took effect. */
export type ProbeHandler<K extends CommandKind> = Handler<K> & Required<Pick<Handler<K>, "before" | "after">>;
/** Of a kind that only a new boot proves. */
export type BoundaryHandler<K extends CommandKind> = ProbeHandler<K> & Required<Pick<Handler<K>, "unproven">>;

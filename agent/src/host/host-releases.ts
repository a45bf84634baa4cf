import type { IncomingFile } from "./file-transfers.ts";
import { HostError } from "./host.ts";
import type { Mark, Slot, Trial, TrialEnd } from "../upgrade/trial.ts";

/** An archive that its signed description tells apart from every other. */
export interface WantedRelease {
  /** Where it is, absolute. */
  readonly path: string;
  readonly sha256: Uint8Array;
  readonly bytes: number;
  readonly unpackedBytes: number;
}

/** An archive that comes from the control plane. */
export interface ComingRelease {
  /** Which upgrade it is for: a later run of the agent goes on with what is there. */
  readonly command: string;
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly sha256: string;
}

/** The releases of the agent on a host whose launcher watches over them. */
export interface HostReleases {
  /** From where this agent runs. */
  readonly slot: Slot;
  /** Version of what runs the agent, such as `20.20.2`. */
  readonly nodeVersion: string;
  /** Begins to receive an archive, or goes on; "there" when all of it is. Throws HostError. */
  receive(coming: ComingRelease): Promise<IncomingFile | "there">;
  /** Where the archive of an upgrade is once it was received. */
  archiveFor(command: string): string;
  /** Removes what was received for other upgrades than these. */
  sweep(open: ReadonlySet<string>): Promise<void>;
  /** Unpacks it into a folder that is not in use, synced. Throws HostError, also when it is another than it should be; then nothing is left of it. */
  install(wanted: WantedRelease, signal: AbortSignal): Promise<Slot>;
  /** From here on the launcher tries it with the next start, and takes it back when it does not prove itself. */
  arm(trial: Trial): Promise<void>;
  /** The trial that is under way. */
  trial(): Promise<Trial | undefined>;
  /** How those that are over ended, newest last. */
  ends(): Promise<readonly TrialEnd[]>;
  /** What the release on trial says of itself. */
  mark(mark: Mark): Promise<void>;
}

/** The archive is not the one that was signed, or none that may be unpacked. */
export class BadArchive extends HostError {
  constructor(what: string) {
    super("failed", `the archive is refused: ${what}`);
    this.name = "BadArchive";
  }
}

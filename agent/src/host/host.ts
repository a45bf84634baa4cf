import type { DataDirectories } from "./data-directories.ts";
import type { FileKeeper } from "./kept-file.ts";
import type { FileTransfers } from "./file-transfers.ts";
import type { HostError } from "./host-error.ts";
import type { HostMounts } from "./host-mounts.ts";

export type { DataFile, FileWatch } from "./data-directories.ts";
export { HostError } from "./host-error.ts";

/** One value of one metric. */
export interface TelemetryReading {
  /** Dotted, lower case, unit last: `cpu.busy_percent`, `filesystem.used_bytes`. */
  readonly metric: string;
  /** What of several it is about (`eth0`, `/`, `sda`); empty when there is only one. */
  readonly instance: string;
  /** Finite. */
  readonly value: number;
}

/** What a host can measure, each at an interval of its own. */
export const hostSources = [
  "cpu",
  "cores",
  "load",
  "memory",
  "pressure",
  "disks",
  "filesystems",
  "network",
  "temperatures",
  "processes",
  "programs",
  "agent",
] as const;
export type HostSource = (typeof hostSources)[number];

/** One fact about a device, such as `os.name` or `memory.total_bytes`. Names are lower case, dotted, with the unit last. */
export interface Fact {
  readonly name: string;
  readonly value: string | number | boolean;
}

/** Takes output, which is there only until it returns: what is kept is copied. The promise, where there is one, resolves when more may come. */
export type TakeOutput = (channel: "stdout" | "stderr", bytes: Uint8Array) => Promise<void> | void;

/** A program to run: never through a shell. */
export interface Program {
  /** The program and its arguments; the program is found in PATH when it has no slash. */
  readonly argv: readonly [string, ...string[]];
  /** Who runs it; the agent's own user when absent. */
  readonly user?: string;
  /** Absolute; the agent's own working directory when absent, a script's own folder for a script. */
  readonly cwd?: string;
  /** Added to a minimal environment (PATH, HOME, LANG); nothing else of the agent's environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array;
  /** Output above this many bytes (both channels together) is dropped and counted. */
  readonly maxOutputBytes: number;
  /** A word that the program and its descendants carry, so that `killMarked` finds them wherever they went. */
  readonly mark?: string;
  /** Takes what the program writes; a promise holds the program up until there is room for more. */
  readonly onOutput?: TakeOutput;
  /** Aborting it kills the whole process group, and whatever else carries the mark. */
  readonly signal?: AbortSignal;
}

/** A text that an interpreter runs, from a file that is there for as long as it runs. */
export interface Script extends Omit<Program, "argv" | "stdin"> {
  /** The interpreter, and what stands before the name of the file. */
  readonly interpreter: readonly [string, ...string[]];
  readonly content: Uint8Array;
  /** What stands after the name of the file. */
  readonly arguments: readonly string[];
  readonly mark: string;
}

/** How a program ended. `exitCode` is absent when a signal ended it. */
export interface ProgramResult {
  readonly exitCode?: number;
  readonly endedBySignal?: string;
  readonly outputBytes: number;
  readonly droppedBytes: number;
}

/** Logs that somebody wants to read. */
export interface LogRequest {
  /** Files, folders, or names with `*`; absolute. */
  readonly files: readonly string[];
  /** Services whose journal is wanted. */
  readonly units: readonly string[];
  /** The whole journal. */
  readonly isJournal: boolean;
  /** Bounds of the time in which it was written, milliseconds since 1970; 0 is none. */
  readonly since: number;
  readonly until: number;
  /** Bytes of logs that are sent; the newest. */
  readonly maxBytes: number;
  /** Only say how much there is. */
  readonly isEstimate: boolean;
  /** The folders that may be read, and `journal` for the journal. */
  readonly roots: readonly string[];
  readonly onOutput: TakeOutput;
  readonly signal: AbortSignal;
}

export interface LogOutcome {
  /** Newest first. */
  readonly sources: readonly { readonly name: string; readonly bytes: number; readonly sentBytes: number }[];
  /** With the lines between the sources. */
  readonly outputBytes: number;
}

/** What is to become of packages of the operating system. */
export interface PackageRequest {
  readonly change: "install" | "remove" | "upgrade";
  /** `name`, `name:architecture`, or either with `=version`. For an upgrade none means every package. */
  readonly packages: readonly string[];
  /** Fetch the lists of what there is first. */
  readonly refresh: boolean;
  /** Of a removal: configuration too. */
  readonly purge: boolean;
  /** What becomes of configuration that was changed on this host and comes anew with a package. */
  readonly configuration: "keep" | "replace";
  /** Other packages may be removed on the way. */
  readonly mayRemove: boolean;
  /** How long to wait for another program that works on packages, milliseconds. */
  readonly lockWait: number;
  readonly onOutput: TakeOutput;
  readonly signal: AbortSignal;
}

/** A package that became another version; empty where it was or is not installed. */
export interface PackageChange {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export interface PackageOutcome {
  readonly changes: readonly PackageChange[];
  /** Packages that the owner of the host wants to stay as they are. */
  readonly held: readonly string[];
  /** What an earlier run had left half done was there. */
  readonly isRepaired: boolean;
  readonly outputBytes: number;
  readonly droppedBytes: number;
  /** Why not all is as it was asked to be. */
  readonly failure: HostError | undefined;
}

/** What a service's manager can be asked to do with it. */
export type ServiceChange = "start" | "stop" | "restart" | "reload";

/** A terminal to open: the shell of its user. */
export interface TerminalRequest {
  readonly columns: number;
  readonly rows: number;
  /** A word that the shell and its descendants carry, so that none outlives the terminal. */
  readonly mark: string;
  readonly onOutput: (bytes: Uint8Array) => void;
}

/** How a shell ended. */
export interface TerminalEnding {
  readonly exitCode: number;
  /** Number of the signal that ended it. */
  readonly signalNumber?: number;
}

/** A shell at work. */
export interface HostTerminal {
  readonly ended: Promise<TerminalEnding>;
  /** Resolves when the bytes are with the kernel: what nobody reads waits. */
  write(bytes: Uint8Array): Promise<void>;
  resize(size: { readonly columns: number; readonly rows: number }): void;
  /** Has it wait with what it shows, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends the shell and everything it has started, wherever that went. */
  end(): Promise<void>;
}

/** What a service manager says of one service. */
export interface ServiceStatus {
  readonly name: string;
  readonly manager: "systemd" | "sysvinit";
  readonly state: "running" | "stopped" | "failed" | "starting" | "stopping" | "unknown";
  /** The manager's own words, such as "active (running)". */
  readonly detail: string;
  readonly enabled?: boolean;
  readonly mainPid?: number;
  /** Names this run of the service: every start gives another. Absent when it does not run, or when nothing tells. */
  readonly instance?: string;
  /** It does its work and ends: that it does not run any more is no fault. */
  readonly isOneShot?: boolean;
  /** What it last wrote, oldest first, where that is known: told of one that is not as it was asked to be. */
  readonly lastLines?: readonly string[];
}

/** Whether a service is as it must be after it was changed. */
export function isReached(change: ServiceChange, { state, isOneShot }: ServiceStatus): boolean {
  if (change === "stop") return state === "stopped" || state === "failed";
  return state === "running" || (change !== "reload" && isOneShot === true && state === "stopped");
}

/** Whom a probe asks whether it is there. */
export type ProbeTarget =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "http"; readonly url: string }
  /** By this server, an address with or without a port; by the machine's own when absent. */
  | { readonly kind: "dns"; readonly name: string; readonly server?: string };

/** A host that is asked by ICMP echo whether it is there. */
export interface PingedHost {
  readonly kind: "icmp";
  /** A name or an address. */
  readonly host: string;
}

export interface PingOptions {
  readonly host: string;
  /** Milliseconds between two questions. */
  readonly every: number;
  /** Told once of each question, as soon as it is known: milliseconds until the answer, undefined when there was none. */
  readonly onNews: (latency: number | undefined) => void;
  readonly signal: AbortSignal;
}

/** What a host sees of its network. */
export interface HostNetwork {
  /**
   * Asks again and again until the signal aborts, by one process. Rejects with HostError when it ends before: not-found, where there is no ping that
   * can do it, not-allowed, where it may not, failed when the way or the name of the host is unknown. Absent where there are no processes.
   */
  ping?(options: PingOptions): Promise<void>;
  /**
   * Milliseconds until the target answered, the looking up of its name not counted; a refusal by HTTP or DNS is an answer too.
   * Rejects when there was none until the signal aborts.
   */
  probe(target: ProbeTarget, signal: AbortSignal): Promise<number>;
  /** The text that a web server of this host gives with status 200; follows nothing. Rejects with HostError, also when it is longer. */
  fetchText(url: string, limits: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<string>;
}

/**
 * The only door to the operating system. Real: `linuxHost()`; for labs and tests: `fakeHost()` in simulators.
 * Time and randomness do not come from here but from `Env`.
 */
export interface Host extends FileKeeper, DataDirectories {
  /** Proposed name of the device: its host name. */
  readonly name: string;
  /** Identifies this boot: changes with every start of the machine. */
  bootId(): Promise<string>;
  /** Milliseconds since the machine was started, its suspensions included; absent where it is never suspended. */
  readonly uptime?: () => number;
  /** Identifies the machine over reinstallations where it can (`/etc/machine-id`); never sent to anyone but the control plane. */
  machineId(): Promise<string>;
  /** Measures these sources once, or all of them. Spawns no process. Counters come as rates since the source was measured before. */
  sample(sources?: ReadonlySet<HostSource>): Promise<readonly TelemetryReading[]>;
  /** Absent where there is no network to look at. */
  readonly network?: HostNetwork;
  /** Slow facts: operating system, hardware, network addresses. May take seconds. */
  inventory(): Promise<readonly Fact[]>;
  run(program: Program): Promise<ProgramResult>;
  runScript(script: Script): Promise<ProgramResult>;
  /** Removes what scripts with these marks left when the agent died; gives of how many. */
  removeScripts(marks: readonly string[]): Promise<number>;
  /** Kills every process that carries one of these marks, however it left its parents; gives how many there were. */
  killMarked(marks: readonly string[]): Promise<number>;
  serviceStatus(name: string): Promise<ServiceStatus>;
  /** Has a service changed, and waits a few seconds for it to be so; gives how it is then. Throws HostError when its manager refuses. */
  changeService(name: string, change: ServiceChange, signal?: AbortSignal): Promise<ServiceStatus>;
  /** Sends the newest of what files and the journal have; throws HostError for what is not open to the agent. */
  collectLogs(request: LogRequest): Promise<LogOutcome>;
  /** Changes packages of the operating system; throws HostError when that could not even begin. */
  changePackages(request: PackageRequest): Promise<PackageOutcome>;
  /** Has the machine start anew. Resolves once the operating system agreed, which is before anything ends. */
  reboot(): Promise<void>;
  /** Absent where no file comes or goes. */
  readonly transfers?: FileTransfers;
  /** Absent where nothing is shown that does not lie here. */
  readonly mounts?: HostMounts;
  /** Whether a terminal can be opened (node-pty is installed and loads). */
  hasTerminal(): Promise<boolean>;
  /** Opens a terminal. Throws HostError. */
  openTerminal(request: TerminalRequest): Promise<HostTerminal>;
}

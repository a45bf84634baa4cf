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

/** A program to run: never through a shell. */
export interface Program {
  /** The program and its arguments; the program is found in PATH when it has no slash. */
  readonly argv: readonly [string, ...string[]];
  /** Absolute; the agent's own working directory when absent. */
  readonly cwd?: string;
  /** Added to a minimal environment (PATH, HOME, LANG); nothing else of the agent's environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array;
  /** Output above this many bytes (both channels together) is dropped and counted. */
  readonly maxOutputBytes: number;
  /** A word that the program and its descendants carry, so that `killMarked` finds them wherever they went. */
  readonly mark?: string;
  readonly onOutput?: (channel: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** Aborting it kills the whole process group, and whatever else carries the mark. */
  readonly signal?: AbortSignal;
}

/** How a program ended. `exitCode` is absent when a signal ended it. */
export interface ProgramResult {
  readonly exitCode?: number;
  readonly endedBySignal?: string;
  readonly outputBytes: number;
  readonly droppedBytes: number;
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
}

/** Whom a probe asks whether it is there. */
export type ProbeTarget =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "http"; readonly url: string }
  /** By this server, an address with or without a port; by the machine's own when absent. */
  | { readonly kind: "dns"; readonly name: string; readonly server?: string };

/** What a host sees of its network. */
export interface HostNetwork {
  /**
   * Milliseconds until the target answered, the looking up of its name not counted; a refusal by HTTP or DNS is an answer too.
   * Rejects when there was none until the signal aborts.
   */
  probe(target: ProbeTarget, signal: AbortSignal): Promise<number>;
  /** The text that a web server of this host gives with status 200; follows nothing. Rejects with HostError, also when it is longer. */
  fetchText(url: string, limits: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<string>;
}

/** A file found below a data directory. */
export interface DataFile {
  /** Relative to the directory, with `/`. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAt: number;
}

/** A refusal of the operating system or of the host's own rules, fit to be shown: says what and why. */
export class HostError extends Error {
  readonly reason: "not-found" | "not-allowed" | "failed";
  constructor(reason: HostError["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HostError";
    this.reason = reason;
  }
}

/**
 * The only door to the operating system. Real: `linuxHost()`; for labs and tests: `fakeHost()` in simulators.
 * Time and randomness do not come from here but from `Env`.
 */
export interface Host {
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
  /** Kills every process that carries one of these marks, however it left its parents; gives how many there were. */
  killMarked(marks: readonly string[]): Promise<number>;
  serviceStatus(name: string): Promise<ServiceStatus>;
  /** Restarts a service; gives how it is afterwards. */
  restartService(name: string, signal?: AbortSignal): Promise<ServiceStatus>;
  /** Has the machine start anew. Resolves once the operating system agreed, which is before anything ends. */
  reboot(): Promise<void>;
  /** Every regular file below the directory, links not followed; throws HostError when it cannot be read. */
  listFiles(directory: string): Promise<readonly DataFile[]>;
  /** SHA-256 of a file's bytes, hex. */
  hashFile(directory: string, name: string): Promise<string>;
  /** Total and available bytes of the file system that holds the directory. */
  capacity(directory: string): Promise<{ readonly totalBytes: number; readonly freeBytes: number }>;
  /** Whether a terminal can be opened (node-pty is installed and loads). */
  hasTerminal(): Promise<boolean>;
}

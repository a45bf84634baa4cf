import {
  commandKinds,
  decode,
  open,
  privateKeyFromSeed,
  publicKeyBytes,
  publicKeyFromBytes,
  seal,
  sealingKeyFromBytes,
  trustOnly,
  v1,
  type CommandKind,
  type CommandReport,
  type Encodable,
  type SigningKey,
} from "@edgemere/protocol";
import { silentLog, type Disk } from "@edgemere/protocol/kit";
import { seededRandom, type ManualClock } from "@edgemere/protocol/simulated";
import {
  HostError,
  type Host,
  type Program,
  type LogRequest,
  type PackageRequest,
  type ProgramResult,
  type Script,
  type ServiceChange,
  type ServiceStatus,
} from "../host/host.ts";
import type { HostReleases } from "../host/host-releases.ts";
import type { KeptFile } from "../host/kept-file.ts";
import type { ContentRoad } from "../link/content-road.ts";
import { Alerts } from "../link/alerts.ts";
import { SpoolFull } from "../link/spool/spool-full.ts";
import { Spool } from "../link/spool/spool.ts";
import { TerminalRoad } from "../link/terminal-road.ts";
import { ChangeGuard } from "./changes/change-guard.ts";
import { ReleaseUpgrade } from "./release-upgrade.ts";
import { openCommands, type CommandExecutor } from "./executor.ts";
import { Pace, type Bandwidth } from "./files/pace.ts";
import { PartFiles } from "./files/part-files.ts";
import type { DataPlaces } from "./handlers/handler.ts";
import { HostPolicy } from "./host-policy.ts";

export const signer: SigningKey = { keyId: "k1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(7)) };
const publicKey = publicKeyFromBytes(publicKeyBytes(signer.privateKey));
const own: SigningKey = { keyId: "d1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(8)) };
/** Its public half is what secrets for the bench are sealed for. */
export const sealingKey = sealingKeyFromBytes(new Uint8Array(32).fill(9));
const trustInDevice = trustOnly("device", own.keyId, publicKeyFromBytes(publicKeyBytes(own.privateKey)));

type CommandMessage = Encodable<typeof v1.Command>;

/** A signed command for the device of the bench; number n has the id `c<n>`. */
export function aCommand(sequence: number, task: CommandMessage = { ping: {} }, more: CommandMessage = {}) {
  return seal(
    "command",
    {
      trustDomain: "test",
      device: "d1",
      command: `c${sequence}`,
      sequence,
      issuedAtMs: START,
      expiresAtMs: START + 3_600_000,
      runTimeoutMs: 60_000,
      ...task,
      ...more,
    },
    signer,
  );
}

export const START = 1_767_225_600_000;
export const anExec = (...argv: string[]): CommandMessage => ({ exec: { argv, maxOutputBytes: 1_000_000 } });

const dangerous = (Object.keys(commandKinds) as CommandKind[]).filter((kind) => commandKinds[kind].dangerous);

/** The machine below the agent: it outlives the agent, and counts what really happened. Its service is called `web`. */
export class BenchHost {
  readonly ran: string[] = [];
  /** Of the programs that ran, what was added. */
  readonly environments: Readonly<Record<string, string>>[] = [];
  /** Commands whose processes were looked for and killed. */
  readonly killed: string[] = [];
  /** Commands of whose scripts what was left was removed. */
  readonly forgotten: string[] = [];
  /** Logs that were asked for. */
  readonly logs: LogRequest[] = [];
  /** What was asked for of its packages; it has none called `held` or `busy` that can be changed. */
  readonly packages: PackageRequest[] = [];
  isRebooting = false;
  readonly #clock: ManualClock;
  #boot = 1;
  #restarts = 0;
  #isStopped = false;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get host(): Host {
    return {
      bootId: async () => `boot-${this.#boot}`,
      hasTerminal: async () => true,
      run: (program: Program) => this.#run(program),
      runScript: ({ interpreter, content, arguments: rest, ...program }: Script) =>
        this.#run({ ...program, argv: [...interpreter, Buffer.from(content).toString(), ...rest] }),
      removeScripts: async (marks: readonly string[]) => {
        this.forgotten.push(...marks);
        return 0;
      },
      serviceStatus: async (name: string) => this.#service(name),
      changeService: (name: string, change: ServiceChange) => this.#change(name, change),
      collectLogs: async (request: LogRequest) => {
        this.logs.push(request);
        return { sources: [{ name: "app.log", bytes: 30, sentBytes: 10 }], outputBytes: 12 };
      },
      changePackages: async (request: PackageRequest) => {
        this.packages.push(request);
        const failure = request.packages.includes("held") ? new HostError("not-allowed", "held here") : undefined;
        const isBusy = request.packages.includes("busy");
        if (isBusy) throw new HostError("busy", "another program holds the packages");
        const changes = failure ? [] : request.packages.map((name) => ({ name, before: "", after: "1.0" }));
        return { changes, held: ["vim"], isRepaired: false, outputBytes: 0, droppedBytes: 0, failure };
      },
      reboot: async () => {
        this.ran.push("reboot");
        this.isRebooting = true;
      },
      killMarked: async (marks: readonly string[]) => {
        this.killed.push(...marks);
        return 0;
      },
      keepFiles: async (paths: readonly string[]) => paths.map((path) => ({ path })),
      putBackFiles: async (files: readonly KeptFile[]) => void this.ran.push(`put back ${files.length} files`),
    } as unknown as Host;
  }

  /** The machine starts anew, whatever made it. */
  boot(): void {
    this.#boot += 1;
    this.isRebooting = false;
  }

  get bootId(): string {
    return `boot-${this.#boot}`;
  }

  /** Programs: `say TEXT`, `fail CODE`, `wait MS`, `deaf` that hears no signal, and a shell that says nothing; others do not exist. */
  async #run({ argv, onOutput, signal, env }: Program): Promise<ProgramResult> {
    const [name, argument = ""] = argv;
    this.ran.push(argv.join(" "));
    this.environments.push(env ?? {});
    const done = { exitCode: 0, outputBytes: argument.length, droppedBytes: 0 };
    if (name === "say") void onOutput?.("stdout", Buffer.from(argument));
    else if (name === "fail") return { ...done, exitCode: Number(argument) };
    else if (name === "wait") await this.#clock.sleep(Number(argument), signal);
    else if (name === "deaf") await new Promise(() => {});
    else if (name !== "/bin/sh") throw new HostError("not-found", `there is no program ${name}`);
    return signal?.aborted ? { endedBySignal: "SIGTERM", outputBytes: 0, droppedBytes: 0 } : done;
  }

  #service(name: string): ServiceStatus {
    if (name !== "web") throw new HostError("not-found", `there is no service ${name}`);
    const [mainPid, instance] = [100 + this.#restarts, `run ${this.#restarts}`];
    if (this.#isStopped) return { name, manager: "sysvinit", state: "stopped", detail: "it does not run" };
    return { name, manager: "sysvinit", state: "running", detail: "it runs", mainPid, instance };
  }

  async #change(name: string, change: ServiceChange): Promise<ServiceStatus> {
    this.#service(name);
    this.ran.push(`${change} ${name}`);
    this.#isStopped = change === "stop";
    if (change === "start" || change === "restart") this.#restarts += 1;
    await this.#clock.sleep(50);
    return this.#service(name);
  }
}

export interface Bench extends AsyncDisposable {
  readonly commands: CommandExecutor;
  readonly spool: Spool;
  /** Delivers and lets everything happen that happens within `ms`. */
  deliver(envelopes: readonly v1.SignedEnvelope.$Shape[], ms?: number): Promise<void>;
  reports(): Promise<readonly CommandReport[]>;
  /** Last word on each command, as `c1 SUCCEEDED`, with the reason when there is one. */
  ends(): Promise<readonly string[]>;
}

interface BenchParts {
  readonly disk: Disk;
  readonly clock: ManualClock;
  readonly host: BenchHost;
  readonly allow?: readonly CommandKind[];
  /** Whether a session begins after a change of the network; it does unless told otherwise. */
  readonly isReachable?: () => boolean;
  readonly isConnected?: () => boolean;
  readonly releases?: HostReleases | undefined;
  /** Of the agent. */
  readonly version?: string;
  readonly restart?: () => void;
  readonly earlyDeaths?: () => number;
  readonly hasRoomForResults?: () => boolean;
  /** Whether the spool takes no results. */
  readonly isFull?: () => boolean;
  readonly correctedNow?: () => number;
  /** The directories whose data the device tells of; none when absent. */
  readonly data?: DataPlaces;
  /** The way of content, and how fast it may be. */
  readonly road?: ContentRoad;
  readonly bandwidth?: Bandwidth;
  /** The text of the host's own rules. */
  readonly policy?: () => Promise<string | undefined>;
}

export async function aBench(parts: BenchParts): Promise<Bench> {
  const { disk, clock, host, allow = dangerous } = parts;
  const env = { clock, disk, random: seededRandom(1), log: silentLog };
  const spool = await Spool.open({ env, maxBytes: 64 * 1024 * 1024 });
  const alerts = new Alerts(env, spool);
  const changes = await ChangeGuard.open({ env, host: host.host, boot: host.bootId });
  const commands = await openCommands({
    env,
    changes,
    upgrade: new ReleaseUpgrade({
      clock,
      releases: parts.releases,
      trust: () => ({ threshold: 1, keys: new Map([[signer.keyId, publicKey]]) }),
      version: parts.version ?? "1.0.0",
      correctedNow: () => clock.now(),
      roundTrip: async (_command, signal) => {
        while (!(parts.isReachable?.() ?? true) && !signal.aborted) await clock.sleep(1_000, signal);
      },
      restart: parts.restart ?? (() => {}),
    }),
    host: host.host,
    outbox: {
      append: async (stream, body) => {
        if (stream === "result" && parts.isFull?.() === true) throw new SpoolFull(stream, "spool-full");
        return spool.append(stream, body);
      },
      get hasRoomForResults() {
        return parts.hasRoomForResults?.() ?? true;
      },
    },
    identity: { device: "d1", trustDomain: "test" },
    trust: () => ({ threshold: 1, keys: new Map([[signer.keyId, publicKey]]) }),
    messageKey: own,
    sealingKey,
    terminals: new TerminalRoad(),
    data: parts.data ?? { find: () => undefined, lookAt: () => {} },
    files: {
      ...env,
      road: parts.road,
      transfers: host.host.transfers,
      pace: new Pace(parts.bandwidth ?? { windows: [] }, clock, () => clock.now()),
      parts: new PartFiles(env),
      roots: ["/srv"],
    },
    alerts,
    policy: new HostPolicy({ read: parts.policy ?? (async () => undefined), alerts }),
    config: { allow, logRoots: ["/var/log"] },
    correctedNow: parts.correctedNow ?? (() => clock.now()),
    refreshInventory: async () => 3,
    isConnected: parts.isConnected ?? (() => true),
    earlyDeaths: parts.earlyDeaths ?? (() => 0),
  });
  await commands.start();
  let epoch = 1;
  const comeBack = () => {
    epoch += 1;
    if (parts.isReachable?.() ?? true) changes.established(epoch);
  };
  await changes.start({ comeBack, epoch });
  return {
    commands,
    spool,
    deliver: async (envelopes, ms = 1_000) => {
      await commands.receive(envelopes);
      await clock.advance(ms);
    },
    reports: () => reportsIn(spool),
    ends: async () => endsOf(await reportsIn(spool)),
    [Symbol.asyncDispose]: async () => {
      const stopping = commands[Symbol.asyncDispose]();
      await clock.advance(20_000);
      await stopping;
      await changes[Symbol.asyncDispose]();
      await spool.close();
    },
  };
}

async function reportsIn(spool: Spool): Promise<readonly CommandReport[]> {
  const records = await spool.read("result", spool.position("result").firstUnacknowledged, {
    bytes: Infinity,
    records: Infinity,
  });
  return records.flatMap(({ record }) => {
    if (record.signedReport) return [open("result", record.signedReport, trustInDevice)];
    return record.commandReport
      ? [decode(v1.CommandReport, v1.CommandReport.encode(record.commandReport).finish())]
      : [];
  });
}

/** Each different end that was told, sorted: two of one command would be a lie. */
export function endsOf(reports: readonly CommandReport[]): readonly string[] {
  const ends = reports
    .filter(({ phase }) => phase > v1.CommandPhase.COMMAND_PHASE_RUNNING)
    .map(({ command, phase, reason }) => `${command} ${wordOf(phase)}${reason === "" ? "" : ` ${reason}`}`);
  return [...new Set(ends)].sort();
}

export const wordOf = (phase: number): string => (v1.CommandPhase[phase] ?? "").replace("COMMAND_PHASE_", "");

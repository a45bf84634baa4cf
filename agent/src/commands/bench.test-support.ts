import {
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
import { HostError, type Host, type Program, type ProgramResult, type ServiceStatus } from "../host/host.ts";
import { Alerts } from "../link/alerts.ts";
import { SpoolFull } from "../link/spool/spool-full.ts";
import { Spool } from "../link/spool/spool.ts";
import { openCommands, type CommandExecutor } from "./executor.ts";
import { HostPolicy } from "./host-policy.ts";

const signer: SigningKey = { keyId: "k1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(7)) };
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

/** The machine below the agent: it outlives the agent, and counts what really happened. Its service is called `web`. */
export class BenchHost {
  readonly ran: string[] = [];
  /** Of the programs that ran, what was added. */
  readonly environments: Readonly<Record<string, string>>[] = [];
  /** Commands whose processes were looked for and killed. */
  readonly killed: string[] = [];
  isRebooting = false;
  readonly #clock: ManualClock;
  #boot = 1;
  #restarts = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get host(): Host {
    return {
      bootId: async () => `boot-${this.#boot}`,
      run: (program: Program) => this.#run(program),
      serviceStatus: async (name: string) => this.#service(name),
      restartService: (name: string) => this.#restart(name),
      reboot: async () => {
        this.ran.push("reboot");
        this.isRebooting = true;
      },
      killMarked: async (marks: readonly string[]) => {
        this.killed.push(...marks);
        return 0;
      },
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

  /** Programs: `say TEXT`, `fail CODE`, `wait MS`, `deaf` that hears no signal; others do not exist. */
  async #run({ argv, onOutput, signal, env }: Program): Promise<ProgramResult> {
    const [name, argument = ""] = argv;
    this.ran.push(argv.join(" "));
    this.environments.push(env ?? {});
    const done = { exitCode: 0, outputBytes: argument.length, droppedBytes: 0 };
    if (name === "say") onOutput?.("stdout", Buffer.from(argument));
    else if (name === "fail") return { ...done, exitCode: Number(argument) };
    else if (name === "wait") await this.#clock.sleep(Number(argument), signal);
    else if (name === "deaf") await new Promise(() => {});
    else throw new HostError("not-found", `there is no program ${name}`);
    return signal?.aborted ? { endedBySignal: "SIGTERM", outputBytes: 0, droppedBytes: 0 } : done;
  }

  #service(name: string): ServiceStatus {
    if (name !== "web") throw new HostError("not-found", `there is no service ${name}`);
    const [mainPid, instance] = [100 + this.#restarts, `run ${this.#restarts}`];
    return { name, manager: "sysvinit", state: "running", detail: "it runs", mainPid, instance };
  }

  async #restart(name: string): Promise<ServiceStatus> {
    this.#service(name);
    this.ran.push(`restart ${name}`);
    this.#restarts += 1;
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
  readonly isConnected?: () => boolean;
  readonly earlyDeaths?: () => number;
  readonly hasRoomForResults?: () => boolean;
  /** Whether the spool takes no results. */
  readonly isFull?: () => boolean;
  readonly correctedNow?: () => number;
  /** The text of the host's own rules. */
  readonly policy?: () => Promise<string | undefined>;
}

export async function aBench(parts: BenchParts): Promise<Bench> {
  const { disk, clock, host, allow = ["exec", "service.restart", "reboot"] } = parts;
  const env = { clock, disk, random: seededRandom(1), log: silentLog };
  const spool = await Spool.open({ env, maxBytes: 64 * 1024 * 1024 });
  const alerts = new Alerts(env, spool);
  const commands = await openCommands({
    env,
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
    alerts,
    policy: new HostPolicy({ read: parts.policy ?? (async () => undefined), alerts }),
    config: { allow },
    correctedNow: parts.correctedNow ?? (() => clock.now()),
    refreshInventory: async () => 3,
    isConnected: parts.isConnected ?? (() => true),
    earlyDeaths: parts.earlyDeaths ?? (() => 0),
  });
  await commands.start();
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

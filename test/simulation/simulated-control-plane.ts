import {
  beginGeneration,
  createCore,
  features,
  SeriesLists,
  Tally,
  TerminalGateway,
  Watch,
  type AppContext,
  type Core,
} from "@edgemere/control-plane";
import { DAY, silentLog, systemClock, type Log, type Random } from "@edgemere/protocol/kit";
import { seededRandom, type ManualClock } from "@edgemere/protocol/simulated";
import { keyring, signer, TRUST_DOMAIN } from "./enrolment.ts";
import { Life, type Death } from "./life.ts";
import type { Network } from "./network.ts";
import { processClock } from "./process-clock.ts";
import { SimulatedDatabase, type DatabaseImage, type Landed } from "./simulated-database.ts";
import { reasonIn, type Trace } from "./trace.ts";

/** What is no part of any simulated control plane, and what is part of a few only: its loops look every second. */
const NEVER = ["notifier", "identity", "keys", "operations", "audit"];
const SELDOM = ["data-orchestrator"];

/** As in a real one. */
const GATHER_FOR = 20;

export type SimulatedFeature = Parameters<typeof createCore<AppContext>>[0]["features"][number];
type Callable = Parameters<Core<AppContext>["dispatch"]>[2];

const operator: Callable = { actor: "user:alice", via: "rest", permissions: ["*"], requestId: "simulation" };

export interface ControlPlaneParts {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly network: Network;
  readonly watch: ControlPlaneWatch;
  /** How many batches the database loses at a death, though it answered them. */
  readonly unsavedBatches: number;
  /** A bug: a restore begins no generation. */
  readonly restoresInPlace?: boolean;
  /** Whether those subsystems run as well that devices do not speak to. */
  readonly isWhole: boolean;
  /** How often windows of telemetry are made beforehand; absent where none are. */
  readonly windowsEvery?: number | undefined;
  /** A bug in a subsystem. */
  readonly altered?: (feature: SimulatedFeature) => SimulatedFeature;
  readonly timerSlack?: number;
}

/** Who is told what a control plane does, and has a word in it. */
export interface ControlPlaneWatch {
  /** One more subsystem, which sees what devices send. */
  readonly feature: SimulatedFeature;
  readonly started: (database: SimulatedDatabase) => void;
  readonly landed: Landed;
  /** A packet goes to a device that is connected. */
  readonly sent: (topic: string, payload: Uint8Array) => void;
  readonly admits: (device: string) => boolean;
}

/** A control plane that dies and comes back over the same database. */
export class SimulatedControlPlane {
  readonly #parts: ControlPlaneParts;
  readonly database: SimulatedDatabase;
  #life: Life | undefined;
  #core: Core<AppContext> | undefined;
  #death: Death = "killed";
  #isBeingRestored = false;
  /** The file beside the store that remembers it. */
  #generation = 1;

  constructor(parts: ControlPlaneParts) {
    this.#parts = parts;
    this.database = new SimulatedDatabase(parts.watch.landed, parts.unsavedBatches);
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get core(): Core<AppContext> | undefined {
    return this.#core;
  }

  async start(): Promise<void> {
    if (this.#life !== undefined || this.#isBeingRestored) return;
    const { clock, random, trace, network, watch, isWhole, windowsEvery, altered, timerSlack = 1 } = this.#parts;
    trace.tell("the control plane starts");
    const life = new Life({ clock, random, died: () => this.#died() });
    this.#life = life;
    this.#death = "killed";
    watch.started(this.database);
    const leftOut = isWhole ? NEVER : [...NEVER, ...SELDOM];
    const core = await life.ask(() =>
      createCore<AppContext>({
        database: this.database.openFor(life),
        clock: processClock(clock, life, { offset: 0, rate: 1, timerSlack }),
        random: seededRandom(Math.floor(random.next() * 2 ** 32)),
        log: this.#log(),
        features: [
          ...features.filter(({ name }) => !leftOut.includes(name)).map((each) => altered?.(each) ?? each),
          watch.feature,
        ],
        context: contextWith(windowsEvery),
        signer,
        gatherFor: GATHER_FOR,
      }),
    );
    this.#core = core;
    const { admits, sent } = watch;
    network.serve({ link: core.link, life, admits, sent });
    core.start();
  }

  /** A death without warning. Where only the process dies, its host may still close the connections. */
  kill(death: Death = "killed"): void {
    this.#death = death;
    this.#life?.end();
  }

  killAtContact(number: number, death: Death): void {
    this.#death = death;
    this.#life?.endAtContact(number);
  }

  /** Whatever runs ends, a backup is put in its place as `edgemere-control-plane restore` does it, and it starts. */
  async restore(image: DatabaseImage, isInPlace: () => void): Promise<void> {
    if (this.#isBeingRestored) return;
    const { clock, random, trace, restoresInPlace = false } = this.#parts;
    this.kill("power");
    trace.tell("the control plane is restored");
    this.#isBeingRestored = true;
    this.database.troublesOver();
    this.database.restore(image);
    isInPlace();
    if (!restoresInPlace) {
      const life = new Life({ clock, random, died: () => {} });
      this.#generation += 1;
      await beginGeneration(this.database.openFor(life), this.#generation, clock);
    }
    this.#isBeingRestored = false;
    await this.start();
  }

  /** A store that failed a write takes no more: whoever looks after the process starts it again. */
  killWhenBroken(): void {
    if (this.#core?.store.isBroken) this.kill();
  }

  freeze(): void {
    this.#parts.trace.tell("the control plane is frozen");
    this.#life?.freeze();
  }

  thaw(): void {
    this.#life?.thaw();
  }

  /** Asks as an operator; undefined when the control plane is down or refuses. */
  async ask(path: string, input: object): Promise<unknown> {
    const [core, life] = [this.#core, this.#life];
    if (core === undefined || life === undefined) return undefined;
    return life.ask(() =>
      core.dispatch(path, input, operator).catch((error: unknown) => {
        this.#parts.trace.tell(`${path} is refused: ${error instanceof Error ? error.message : String(error)}`);
      }),
    );
  }

  #died(): void {
    const { trace, network, random } = this.#parts;
    trace.tell(`the control plane dies: ${this.#death}`);
    this.#life = undefined;
    this.#core = undefined;
    this.database.lose(this.#death, random);
    network.unserve(this.#death === "killed" && random.next() < 0.7 ? "reset" : "nothing");
  }

  #log(): Log {
    const { trace } = this.#parts;
    return {
      debug: () => {},
      info: () => {},
      warn: (message) => trace.tell(`control plane warns: ${message}`),
      error: (message, fields) => {
        if (this.#core?.store.isBroken) trace.tell(`control plane complains: ${message}`);
        else trace.wrong(`control plane: ${message} ${reasonIn(fields)}`);
      },
    };
  }
}

const noPasswords = {
  hash: () => Promise.reject(new Error("nobody signs in to a simulation")),
  verify: () => Promise.resolve(false),
};

const absent = () => {
  throw new Error("a simulation has no disk and no backups under its control plane");
};
const noOperations: AppContext["operations"] = {
  generation: () => 1,
  storage: absent,
  lookAtStorage: absent,
  repairStore: absent,
  backups: { folder: "", make: absent, remove: absent, list: absent, head: absent, drill: absent, room: absent },
  backupEvery: undefined,
  backupKeep: 1,
};

// Of features that are never part.
const noAuditing = undefined as unknown as AppContext["auditing"];
const noNotifier = undefined as unknown as AppContext["notifier"];
const noKeys: AppContext["keys"] = { status: absent, trust: absent, rotate: absent, take: absent };

const authority: AppContext["authority"] = {
  trustDomain: TRUST_DOMAIN,
  pin: "A".repeat(43),
  keys: { keyring, version: 1 },
  publicKeyOf: (certificateRequest) => Promise.resolve({ hash: certificateRequest, wishes: [] }),
  issue: (_, device) =>
    Promise.resolve({ certificate: "", chain: [], serial: device, notAfter: Number.MAX_SAFE_INTEGER }),
  joinStates: { sign: ({ device, number }) => `${device}#${number}`, read: absent },
};

/** What features ask for, with nothing behind it that is outside of a simulation. */
export const simulatedContext: Parameters<typeof createCore<AppContext>>[0]["context"] = {
  authority,
  addresses: { deviceApi: "https://control-plane.test", mqtt: ["mqtts://control-plane.test"] },
  version: "simulated",
  passwords: noPasswords,
  signer,
  approvers: { rule: "never", hasOther: absent, isActive: absent },
  telemetry: { retention: DAY, seriesLists: new SeriesLists() },
  outlets: { targets: [], metrics: [], labels: [], tally: new Tally() },
  files: { room: 1024 ** 2, keep: DAY },
  terminals: new TerminalGateway({ clock: systemClock, log: silentLog }),
  watch: new Watch(),
  notifier: noNotifier,
  keys: noKeys,
  operations: noOperations,
  auditing: noAuditing,
};

/** The same with windows that are made so often, where they are. */
function contextWith(windowsEvery: number | undefined): typeof simulatedContext {
  if (windowsEvery === undefined) return simulatedContext;
  const windows = { every: windowsEvery, keepMinutes: DAY, keepHours: DAY };
  return { ...simulatedContext, telemetry: { ...simulatedContext.telemetry, windows } };
}

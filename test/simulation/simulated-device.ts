import { createAgent, type Agent, type AgentConfig, type AgentStatus, type Host, type Identity } from "@edgemere/agent";
import { HOUR, SECOND, type Disk, type Env, type Log, type Random } from "@edgemere/protocol/kit";
import { seededRandom, SimulatedDisk, type ManualClock } from "@edgemere/protocol/simulated";
import { fakeHost, type FakeHost } from "@edgemere/simulators";
import { deviceDisk, type DiskState } from "./device-disk.ts";
import type { EventLedger } from "./event-ledger.ts";
import { Life } from "./life.ts";
import type { Network } from "./network.ts";
import type { RecordLedger } from "./record-ledger.ts";
import { reasonIn } from "./simulated-control-plane.ts";
import type { Trace } from "./trace.ts";

export interface DeviceParts {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly network: Network;
  readonly records: RecordLedger;
  readonly events: EventLedger;
  readonly identity: Identity;
  readonly spoolBytes: number;
  /** The disk as a process has it, when it is not as it should be. */
  readonly wear?: (disk: Disk) => Disk;
}

const DIRECTORY = "/data";

/** A device whose agent dies and comes back over the same disk and host. */
export class SimulatedDevice {
  readonly id: string;
  readonly disk: DiskState = { isFull: false };
  readonly #parts: DeviceParts;
  readonly #files = new SimulatedDisk();
  readonly #host: FakeHost;
  readonly #config: AgentConfig;
  #wallOffset = 0;
  #life: Life | undefined;
  #agent: Agent | undefined;
  #diesAtEffect = false;
  /** How the next death comes about. */
  #death: "killed" | "power" = "killed";

  constructor(parts: DeviceParts) {
    const { identity, clock, random, events, spoolBytes } = parts;
    this.#parts = parts;
    this.id = identity.device;
    const wall = { ...clockOf(clock), now: () => this.#now() };
    this.#host = fakeHost({
      name: identity.name,
      random: seededRandom(Math.floor(random.next() * 2 ** 32)),
      clock: wall,
      programs: {
        work: async ({ arguments: [effect = "", seconds = "0", bytes = "0"], write, clock: own, signal }) => {
          events.effect(effect);
          if (this.#diesAtEffect) this.kill("power");
          write("stdout", "#".repeat(Number(bytes) / 2));
          await own.sleep(Number(seconds) * SECOND, signal);
          write("stderr", "#".repeat(Number(bytes) / 2));
          return Number(bytes) % 5 === 4 ? 1 : 0;
        },
      },
    });
    this.writeFile(0);
    this.#config = {
      sampleEvery: 5 * SECOND,
      reportEvery: 10 * SECOND,
      inventoryEvery: HOUR,
      sources: [{ name: "data", path: DIRECTORY }],
      dataEvery: 15 * SECOND,
      allow: ["exec"],
      spool: { maxBytes: spoolBytes },
    };
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  /** Undefined while no agent runs. */
  status(): AgentStatus | undefined {
    return this.#agent?.status();
  }

  async start(): Promise<void> {
    if (this.#life !== undefined) return;
    const { clock, random, trace, network, identity, records, wear = (disk) => disk } = this.#parts;
    trace.tell(`${this.id} starts`);
    const life = new Life({ clock, random, died: () => this.#died() });
    this.#life = life;
    const disk = deviceDisk({
      disk: wear(this.#files),
      life,
      state: this.disk,
      synced: (path, bytes) => records.synced(this.id, path, bytes),
    });
    const env: Env = {
      clock: life.clock(() => this.#wallOffset),
      random: seededRandom(Math.floor(random.next() * 2 ** 32)),
      disk,
      log: this.#log(),
    };
    const transport = network.transport(this.id, life);
    const begun = async () => {
      const host = hostOf(this.#host, life);
      const agent = await createAgent({ env, host, transport, identity, config: this.#config });
      this.#agent = agent;
      await agent.start();
    };
    await life.ask(begun).catch((error: unknown) => this.#failed(life, error));
  }

  /** Ends as it should, with a goodbye. */
  async stop(): Promise<void> {
    const [agent, life] = [this.#agent, this.#life];
    if (agent === undefined || life === undefined) return;
    this.#agent = undefined;
    this.#parts.trace.tell(`${this.id} is asked to stop`);
    await life.ask(async () => agent[Symbol.asyncDispose]());
    life.end();
  }

  /** A death without warning: of the process only, or of the whole host. */
  kill(death: "killed" | "power"): void {
    this.#death = death;
    this.#life?.end();
  }

  /** The power goes in the moment in which the next command takes effect, if it comes to that. */
  cutPowerAtEffect(isMeant: boolean): void {
    this.#diesAtEffect = isMeant;
  }

  killAtContact(number: number, death: "killed" | "power"): void {
    this.#death = death;
    this.#life?.endAtContact(number);
  }

  /** The wall clock jumps. */
  stepClock(ms: number): void {
    this.#parts.trace.tell(`${this.id}: the clock steps by ${ms}`);
    this.#wallOffset += ms;
  }

  writeFile(number: number): void {
    this.#host.files.put({ directory: DIRECTORY, name: `file-${number % 3}` }, `content ${number}`);
  }

  /** Who looks after the process starts it again after a while. */
  async #failed(life: Life, error: unknown): Promise<void> {
    const { trace, clock } = this.#parts;
    if (this.disk.isFull) trace.tell(`${this.id} cannot start on a full disk`);
    else trace.wrong(`${this.id} cannot start: ${reasonIn({ error })}`);
    life.end();
    await clock.sleep(5 * SECOND);
    await this.start();
  }

  #now(): number {
    return this.#parts.clock.now() + this.#wallOffset;
  }

  #died(): void {
    const { trace, random, network } = this.#parts;
    trace.tell(`${this.id} dies: ${this.#death}`);
    this.#life = undefined;
    this.#agent = undefined;
    this.#diesAtEffect = false;
    if (this.#death === "power") this.#files.cutPower(random);
    network.abandon(this.id, this.#death === "killed" ? "closed" : "nothing");
  }

  #log(): Log {
    const { trace } = this.#parts;
    return {
      debug: () => {},
      info: () => {},
      warn: (message, fields) => trace.tell(`${this.id} warns: ${message} ${reasonIn(fields).slice(0, 200)}`),
      error: (message, fields) => {
        // A full disk is an error to whoever runs the device, and here it is wanted.
        if (this.disk.isFull) trace.tell(`${this.id} complains: ${message}`);
        else trace.wrong(`${this.id}: ${message} ${reasonIn(fields)}`);
      },
    };
  }
}

const clockOf = (clock: ManualClock) => ({
  monotonic: () => clock.monotonic(),
  sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
});

/** The host as one process sees it. Programs that it started go on without it, but it hears no more of them. */
const hostOf = (host: FakeHost, life: Life): Host => ({
  ...host,
  sample: () => life.ask(() => host.sample()),
  run: (program) => life.contact(() => host.run(program), { shortest: 0, longest: 5 }),
});

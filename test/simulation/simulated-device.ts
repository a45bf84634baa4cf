import {
  createAgent,
  type Agent,
  type AgentConfig,
  type AgentStatus,
  type Host,
  type Identity,
  type TelemetryReading,
} from "@edgemere/agent";
import { SECOND, type Disk, type Env, type Log, type Random } from "@edgemere/protocol/kit";
import { seededRandom, SimulatedDisk, type ManualClock } from "@edgemere/protocol/simulated";
import { fakeHost, type FakeHost } from "@edgemere/simulators";
import { deviceDisk } from "./device-disk.ts";
import { DeviceHardware } from "./device-hardware.ts";
import { Life, type Death } from "./life.ts";
import type { Network } from "./network.ts";
import { processClock, wallOf, type ClockState } from "./process-clock.ts";
import { reasonIn, type Trace } from "./trace.ts";

export interface DeviceParts {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly network: Network;
  readonly identity: Identity;
  readonly config: AgentConfig;
  readonly watch: DeviceWatch;
  /** What it measures, when that is not for its host to say. */
  readonly readings?: readonly TelemetryReading[];
  readonly time: ClockState;
  /** What it begins with: nothing, unless it is a copy of another. */
  readonly disk?: SimulatedDisk;
  /** Of a copy of a device, which has the device's identity. */
  readonly name?: string;
  /** The disk as a process has it, when it is not as it should be. */
  readonly wear?: (disk: Disk) => Disk;
}

/** A machine that says to be a device: the one that enrolled, or a copy of it. */
export interface Machine {
  readonly device: string;
  readonly name: string;
}

/** Who is told what happens on a device's machines. */
export interface DeviceWatch {
  /** An agent begins over this disk. */
  readonly found: (machine: Machine, disk: SimulatedDisk) => Promise<void>;
  /** It has mended it. */
  readonly mended: (machine: Machine) => void;
  /** Bytes that were appended to a file have become durable. */
  readonly synced: (machine: Machine, path: string, bytes: Uint8Array) => void;
  /** A file was replaced, cut or removed. */
  readonly changed: (machine: Machine, path: string, content: Uint8Array | undefined) => void;
  /** The program of a command has begun. */
  readonly effect: (machine: Machine, name: string) => void;
}

/** Where a device has its data files. */
export const DIRECTORY = "/data";
const SERIES = 4;

/** A device whose agent dies and comes back over the same disk and host. */
export class SimulatedDevice {
  readonly id: string;
  readonly machine: Machine;
  readonly hardware: DeviceHardware;
  readonly #parts: DeviceParts;
  readonly #host: FakeHost;
  #life: Life | undefined;
  #agent: Agent | undefined;
  #diesAtEffect = false;
  #isScrapped = false;
  /** How the next death comes about. */
  #death: Death = "killed";

  constructor(parts: DeviceParts) {
    const { identity, clock, random, watch, time, disk = new SimulatedDisk(), name = identity.device } = parts;
    this.#parts = parts;
    this.id = identity.device;
    this.machine = { device: this.id, name };
    this.hardware = new DeviceHardware(disk, random);
    this.#host = fakeHost({
      name: identity.name,
      random: seededRandom(Math.floor(random.next() * 2 ** 32)),
      clock: {
        monotonic: () => clock.monotonic(),
        sleep: (ms, signal) => clock.sleep(ms, signal),
        now: () => wallOf(clock, time),
      },
      programs: {
        work: async ({ arguments: [effect = "", seconds = "0", bytes = "0"], write, clock: own, signal }) => {
          watch.effect(this.machine, effect);
          if (this.#diesAtEffect) this.kill("power");
          write("stdout", "#".repeat(Number(bytes) / 2));
          await own.sleep(Number(seconds) * SECOND, signal);
          write("stderr", "#".repeat(Number(bytes) / 2));
          return Number(bytes) % 5 === 4 ? 1 : 0;
        },
      },
    });
    this.writeFile(0);
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  /** Undefined while no agent runs. */
  status(): AgentStatus | undefined {
    return this.#agent?.status();
  }

  async start(): Promise<void> {
    if (this.#life !== undefined || this.#isScrapped) return;
    const { clock, random, trace, network, identity, config, watch, time, wear = (disk) => disk } = this.#parts;
    const { machine } = this;
    trace.tell(`${machine.name} starts`);
    const life = new Life({ clock, random, died: () => this.#died(life) });
    this.#life = life;
    const { disk: files } = this.hardware;
    this.hardware.serve(life);
    await watch.found(machine, files);
    const disk = deviceDisk({
      disk: wear(files),
      life,
      synced: (path, bytes) => watch.synced(machine, path, bytes),
      changed: (path, content) => watch.changed(machine, path, content),
    });
    const env: Env = {
      clock: processClock(clock, life, time),
      random: seededRandom(Math.floor(random.next() * 2 ** 32)),
      disk,
      log: this.#log(),
    };
    const transport = network.transport(machine, life);
    const begun = async () => {
      const host = hostOf(this.#host, life, this.#parts.readings);
      const agent = await createAgent({ env, host, transport, identity, config });
      watch.mended(machine);
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
    this.#parts.trace.tell(`${this.machine.name} is asked to stop`);
    await life.ask(async () => agent[Symbol.asyncDispose]());
    life.end();
  }

  /** A death without warning: of the process only, or of the whole host. */
  kill(death: Death): void {
    this.#death = death;
    this.#life?.end();
  }

  /** Its disk gives way to an image, as a restored snapshot does it: the machine starts anew. */
  putBack(image: SimulatedDisk): void {
    this.kill("power");
    this.hardware.putBack(image);
    void this.#host.reboot();
  }

  /** Another machine, made from an image of this one's disk. Its clock goes its own way from here. */
  copied(disk: SimulatedDisk, name: string): SimulatedDevice {
    return new SimulatedDevice({ ...this.#parts, time: { ...this.#parts.time }, disk, name });
  }

  /** Switched off for good. */
  scrap(): void {
    this.kill("power");
    this.#isScrapped = true;
  }

  get isScrapped(): boolean {
    return this.#isScrapped;
  }

  /** The power goes in the moment in which the next command takes effect, if it comes to that. */
  cutPowerAtEffect(isMeant: boolean): void {
    this.#diesAtEffect = isMeant;
  }

  killAtContact(number: number, death: Death): void {
    this.#death = death;
    this.#life?.endAtContact(number);
  }

  /** The process does nothing until `thaw`. Of a host that sleeps the clock stands still meanwhile. */
  freeze(isHostAsleep: boolean): void {
    if (this.#life === undefined || this.#life.isFrozen) return;
    this.#parts.trace.tell(`${this.machine.name} ${isHostAsleep ? "sleeps" : "is frozen"}`);
    this.#life.freeze(isHostAsleep);
    this.#parts.network.await(this.#life);
  }

  thaw(): void {
    this.#life?.thaw();
  }

  /** The wall clock jumps. */
  stepClock(ms: number): void {
    this.#parts.trace.tell(`${this.machine.name}: the clock steps by ${ms}`);
    const { time, clock } = this.#parts;
    // No machine can be set to a time before 1970.
    time.offset += Math.max(ms, 1 - wallOf(clock, time));
  }

  writeFile(number: number): void {
    this.#host.files.put({ directory: DIRECTORY, name: `file-${number % 3}` }, `content ${number}`);
  }

  /** Who looks after the process starts it again after a while. */
  async #failed(life: Life, error: unknown): Promise<void> {
    const { trace, clock } = this.#parts;
    if (this.hardware.isInTrouble) trace.tell(`${this.machine.name} cannot start: ${reasonIn({ error })}`);
    else trace.wrong(`${this.machine.name} cannot start: ${reasonIn({ error })}`);
    life.end();
    await clock.sleep(5 * SECOND);
    await this.start();
  }

  #died(life: Life): void {
    const { trace, random, network } = this.#parts;
    trace.tell(`${this.machine.name} dies: ${this.#death}`);
    this.#life = undefined;
    this.#agent = undefined;
    this.#diesAtEffect = false;
    if (this.#death === "power") {
      this.hardware.disk.cutPower(random);
      void this.#host.reboot();
    }
    network.abandon(life, this.#death === "killed" ? "closed" : "nothing");
  }

  #log(): Log {
    const { trace } = this.#parts;
    return {
      debug: () => {},
      info: () => {},
      warn: (message, fields) => trace.tell(`${this.machine.name} warns: ${message} ${reasonIn(fields).slice(0, 200)}`),
      error: (message, fields) => {
        // What is wrong with a disk is an error to whoever runs the device, and here it is wanted.
        if (this.hardware.wasInTrouble) trace.tell(`${this.machine.name} complains: ${message}`);
        else trace.wrong(`${this.machine.name}: ${message} ${reasonIn(fields)}`);
      },
    };
  }
}

/** The host as one process sees it. Programs that it started go on without it, but it hears no more of them. */
const hostOf = (host: FakeHost, life: Life, readings?: readonly TelemetryReading[]): Host => ({
  ...host,
  // A few of its series: what becomes of a record is the same for all sizes.
  sample: () => life.ask(async () => readings ?? (await host.sample()).slice(0, SERIES)),
  run: (program) => life.contact(() => host.run(program), { shortest: 0, longest: 5 }),
});

import { join } from "node:path";
import type { Identity } from "@edgemere/agent";
import { enrolled } from "../bench/identities.ts";
import { quantile } from "../bench/statistics.ts";
import { eventually, startWorld, type World } from "../world/world.ts";
import { accountOf } from "./account.ts";
import { BareParts } from "./baseline/bare-parts.ts";
import { LoadDevice } from "./load-device.ts";
import { diskUse, peakMemory } from "./peaks.ts";
import type { Context } from "./scenario.ts";
import { storedTelemetry } from "./stored.ts";

interface Setting {
  readonly devices: number;
  /** Milliseconds between two records of one device. */
  readonly every: number;
  readonly world?: Parameters<typeof startWorld>[0];
}

const SECOND = 1_000;
const PATIENCE = 60 * SECOND;
/** What this machine is at least expected to do while other things run. */
const HANDSHAKES_PER_SECOND = 10;
/** A figure that is above this share of the one before falls no more. */
const SETTLED = 0.8;
const BEGUN_AT_ONCE = 25;

/** A control plane under the load of many devices, whose every record is accounted for in the end. */
export class Loaded {
  readonly world: World;
  readonly devices: LoadDevice[] = [];
  readonly #identities: readonly Identity[];
  readonly #context: Context;
  readonly #every: number;

  private constructor(context: Context, world: World, identities: readonly Identity[], every: number) {
    this.#context = context;
    this.world = world;
    this.#identities = identities;
    this.#every = every;
  }

  static async start(context: Context, { devices, every, world: options = {} }: Setting): Promise<Loaded> {
    const world = context.own(await startWorld(options));
    const identities = await enrolled(world, { to: devices });
    const loaded = new Loaded(context, world, identities, every);
    await loaded.#begin();
    return loaded;
  }

  /** Some at a time: of a thousand handshakes at one instant none is done before its peer gives up. */
  async #begin(): Promise<void> {
    const every = this.#every;
    const address = `mqtts://127.0.0.1:${this.world.controlPlane.ready.ports.mqtt}`;
    for (const [i, identity] of this.#identities.entries()) {
      const after = (every * i) / this.#identities.length;
      this.devices.push(this.#context.own(new LoadDevice({ identity, address, answeredBy: "ack", every, after })));
      if (this.devices.length % BEGUN_AT_ONCE === 0) await this.ready();
    }
    await this.ready();
  }

  /** The bare parts, with the same devices. */
  bare(folder = this.#context.folder): BareParts {
    const authority = join(this.world.controlPlane.dataFolder, "authority");
    return this.#context.own(new BareParts({ authority, folder, identities: this.#identities, every: this.#every }));
  }

  ready(): Promise<unknown> {
    const patience = PATIENCE + (this.devices.length / HANDSHAKES_PER_SECOND) * SECOND;
    return eventually(async () => this.devices.every(({ isReady }) => isReady), "every device to be heard", patience);
  }

  /** Milliseconds within which 99 of 100 of the next answers to all devices come, so many to each, from measuring to the answer. */
  async slowest(answers: number): Promise<number> {
    for (const { answerTimes } of this.devices) answerTimes.splice(0);
    await eventually(
      async () => this.devices.every(({ answerTimes }) => answerTimes.length >= answers),
      `${answers} answers to every device`,
      PATIENCE + 2 * answers * this.#every,
    );
    const times = this.devices.flatMap(({ answerTimes }) => answerTimes.slice(0, answers));
    return quantile(times, 0.99);
  }

  /** The same once it falls no more: what came of the start of them all is over. */
  async usual(answers: number): Promise<number> {
    for (let before = Infinity; ;) {
      const now = await this.slowest(answers);
      if (now >= before * SETTLED) return Math.min(now, before);
      before = now;
    }
  }

  /** Waits until every device is heard again and what it kept is answered. */
  async recovered(since: number): Promise<void> {
    const before = this.devices.map(({ produced }) => produced);
    await eventually(
      async () => this.devices.every(({ answered }, i) => (before[i] ?? 0) === 0 || answered.has(before[i] ?? 0)),
      "an answer to every device",
    );
    this.#context.recorder.round();
    this.#context.recorder.recovered(Date.now() - since);
    await this.observe();
  }

  async observe(): Promise<void> {
    const { controlPlane } = this.world;
    this.#context.recorder.memory("control plane", await peakMemory(controlPlane.pid));
    this.#context.recorder.disk("control plane", await diskUse(controlPlane.dataFolder));
  }

  /** All is sent and answered; then the store itself is looked at. */
  async settle(): Promise<void> {
    const { recorder } = this.#context;
    for (const device of this.devices) device.rest();
    await eventually(
      async () => this.devices.every(({ waiting }) => waiting.length === 0),
      "an answer to all that was sent",
    );
    for (const device of this.devices) await device[Symbol.asyncDispose]();
    await this.world.controlPlane.stop();
    const stored = await storedTelemetry(this.world.controlPlane.dataFolder);
    for (const [i, { produced, waiting, answered, sentTwice }] of this.devices.entries()) {
      const account = accountOf({ kept: waiting, produced }, stored.get(this.#identities[i]?.device ?? ""));
      recorder.records({ ...account, acked: answered.size });
      recorder.sentTwice(sentTwice);
    }
  }
}

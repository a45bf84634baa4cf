import { join } from "node:path";
import type { Identity } from "@edgemere/agent";
import { identify } from "../bench/mqtt-device.ts";
import { eventually, startWorld, type World } from "../world/world.ts";
import { accountOf } from "./account.ts";
import { BareParts } from "./baseline/bare-parts.ts";
import { LoadDevice } from "./load-device.ts";
import { diskUse, peakMemory } from "./peaks.ts";
import type { Context } from "./scenario.ts";
import { storedTelemetry } from "./stored.ts";
import { lasting } from "./tools/pause.ts";

interface Setting {
  readonly devices: number;
  /** Milliseconds between two records of one device. */
  readonly every: number;
  readonly world?: Parameters<typeof startWorld>[0];
}

/** A control plane under the load of many devices, whose every record is accounted for in the end. */
export class Loaded {
  readonly world: World;
  readonly devices: readonly LoadDevice[];
  readonly #identities: readonly Identity[];
  readonly #context: Context;
  readonly #every: number;

  private constructor(context: Context, world: World, identities: readonly Identity[], every: number) {
    this.#context = context;
    this.world = world;
    this.#identities = identities;
    this.#every = every;
    const address = `mqtts://127.0.0.1:${world.controlPlane.ready.ports.mqtt}`;
    this.devices = identities.map((identity) =>
      context.own(new LoadDevice({ identity, address, answeredBy: "ack", every })),
    );
  }

  static async start(context: Context, { devices, every, world: options = {} }: Setting): Promise<Loaded> {
    const world = context.own(await startWorld(options));
    const { token } = await world.client.call("cpl/dm/token/create", { uses: devices });
    const identities: Identity[] = [];
    for (let i = 0; i < devices; i++) identities.push(await enrolled(token, `load-${i}`));
    const loaded = new Loaded(context, world, identities, every);
    await loaded.ready();
    return loaded;
  }

  /** The bare parts, with the same devices. */
  bare(folder = this.#context.folder): BareParts {
    const authority = join(this.world.controlPlane.dataFolder, "authority");
    return this.#context.own(new BareParts({ authority, folder, identities: this.#identities, every: this.#every }));
  }

  ready(): Promise<unknown> {
    return eventually(async () => this.devices.every(({ isReady }) => isReady), "every device to be heard");
  }

  /** Milliseconds from measuring to each answer since the last time, of all devices. */
  takeTimes(): readonly number[] {
    return this.devices.flatMap(({ answerTimes }) => answerTimes.splice(0));
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

const NEXT_TRY = 10_000;

/** All of them come from one address, which gets so many answers a minute. */
async function enrolled(token: string, name: string): Promise<Identity> {
  for (;;)
    try {
      return await identify(token, name);
    } catch (error) {
      if (!(error instanceof Error && error.message.includes("slow down"))) throw error;
      await lasting(NEXT_TRY);
    }
}

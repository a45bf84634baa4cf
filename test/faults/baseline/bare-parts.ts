import { join } from "node:path";
import type { Identity } from "@edgemere/agent";
import { Level } from "level";
import { Program } from "../../world/program.ts";
import { eventually } from "../../world/world.ts";
import { LoadDevice } from "../load-device.ts";

interface Options {
  readonly authority: string;
  /** Where its store lies. */
  readonly folder: string;
  readonly identities: readonly Identity[];
  readonly every: number;
}

/** The bare broker under the same load, to be hurt in the same way. */
export class BareParts implements AsyncDisposable {
  readonly #options: Options;
  #program: Program | undefined;
  #port = 0;
  /** Stores that could not be opened any more. */
  #ruined = 0;
  #devices: readonly LoadDevice[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { identities, every } = this.#options;
    this.#port = await this.#opened().catch(() => {
      // Whoever runs it would begin anew, as there is nothing else to do.
      this.#ruined += 1;
      return this.#opened();
    });
    if (this.#devices.length === 0)
      this.#devices = identities.map(
        (identity) =>
          new LoadDevice({ identity, address: `mqtts://127.0.0.1:${this.#port}`, answeredBy: "puback", every }),
      );
  }

  async #opened(): Promise<number> {
    const script = "test/dist/faults/baseline/broker.js";
    this.#program = new Program({ script, args: [this.#options.authority, this.#store, String(this.#port)] });
    return (await this.#program.message<{ port: number }>("ready")).port;
  }

  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  async kill(): Promise<void> {
    await this.#program?.kill();
  }

  /** Waits until every device is heard. A broker that gave up of itself is started again. */
  ready(): Promise<unknown> {
    return eventually(async () => {
      if (this.#program?.isRunning === false) await this.start();
      return this.#devices.every(({ isReady }) => isReady);
    }, "the devices at the bare broker");
  }

  /** How many messages were answered, and how many of these are not in the store. The broker is killed for it. */
  async lost(): Promise<string> {
    for (const device of this.#devices) await device[Symbol.asyncDispose]();
    await this.kill();
    const answered = this.#options.identities.flatMap(({ device }, i) =>
      [...(this.#devices[i]?.answered ?? [])].map((sequence) => `${device}/${sequence}`),
    );
    const store = new Level<string, Buffer>(this.#store, { valueEncoding: "buffer" });
    const stored = new Set(await store.keys().all());
    await store.close();
    const lost = answered.filter((key) => !stored.has(key)).length;
    const ruined = this.#ruined === 0 ? "" : `; ${this.#ruined} stores did not open again`;
    return `${lost} of ${answered.length} acked lost${ruined}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const device of this.#devices) await device[Symbol.asyncDispose]();
    await this.kill();
  }

  get #store(): string {
    return join(this.#options.folder, `bare-store-${this.#ruined}`);
  }
}

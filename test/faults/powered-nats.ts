import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ForeignBroker } from "../world/brokers.ts";
import { powerCut } from "./scenarios/power-cuts.ts";
import type { CuttableDisk } from "./tools/disks.ts";

/** A NATS whose store lies on a disk that can lose power. */
export class PoweredNats implements AsyncDisposable {
  readonly #disk: CuttableDisk;
  readonly #begin: (store: string) => Promise<ForeignBroker>;
  readonly #store: string;
  #broker: ForeignBroker | undefined;
  /** Stores that could not be opened any more. */
  #ruined = 0;

  constructor(disk: CuttableDisk, begin: (store: string) => Promise<ForeignBroker>, name = "nats") {
    this.#disk = disk;
    this.#begin = begin;
    this.#store = join(disk.folder, name);
  }

  async start(): Promise<void> {
    this.#broker = await this.#begin(this.#store).catch(async () => {
      // Whoever runs it would begin anew, as there is nothing else to do.
      this.#ruined += 1;
      await rm(this.#store, { recursive: true, force: true });
      return this.#begin(this.#store);
    });
  }

  async losePower(): Promise<void> {
    if (this.#broker !== undefined) await powerCut(this.#disk, this.#broker);
  }

  async kill(): Promise<void> {
    await this.#broker?.kill();
  }

  /** What it could not live through, in words. */
  told(): string {
    return this.#ruined === 0 ? "" : `; ${this.#ruined} stores did not open again`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

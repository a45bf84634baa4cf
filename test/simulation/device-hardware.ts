import type { Random } from "@edgemere/protocol/kit";
import type { SimulatedDisk } from "@edgemere/protocol/simulated";
import type { Life } from "./life.ts";

const QUICK = 5;

/** A device's disk, which outlives its processes, and what is wrong with it. */
export class DeviceHardware {
  readonly disk: SimulatedDisk;
  readonly #random: Random;
  #slowest = QUICK;
  #failingSyncs = 0;
  #isFull = false;
  /** Something was wrong with it once: what it holds may be less than was written. */
  wasInTrouble = false;
  /** It changed by itself what was safe on it: only then may an agent forget what it told. */
  wasDamaged = false;

  constructor(disk: SimulatedDisk, random: Random) {
    this.disk = disk;
    this.#random = random;
  }

  /** Something is wrong with it that an agent cannot begin with. */
  get isInTrouble(): boolean {
    return this.#isFull || this.#failingSyncs > 0;
  }

  /** A process has it now. */
  serve(life: Life): void {
    this.disk.troubles = {
      pause: () => {
        const ms = Math.floor(this.#random.next() * (this.#slowest + 1));
        // Also without a pause: what the process did not live to see done is not safe.
        return ms > 0 ? life.pause(ms) : life.ask(async () => {});
      },
      failsToSync: () => this.#failingSyncs > 0 && this.#failingSyncs-- > 0,
    };
  }

  fill(freeBytes: number): void {
    this.#isFull = true;
    this.wasInTrouble = true;
    this.disk.leaveRoom(freeBytes);
  }

  slowDown(ms: number): void {
    this.#slowest = ms;
  }

  failSyncs(count: number): void {
    this.wasInTrouble = true;
    this.#failingSyncs = count;
  }

  /** Gives the file it happened to. */
  flipBit(): string | undefined {
    this.wasInTrouble = true;
    this.wasDamaged = true;
    return this.disk.flipBit(this.#random);
  }

  /** An image takes the place of what is on it: what was written since is gone. */
  putBack(image: SimulatedDisk): void {
    this.wasInTrouble = true;
    this.disk.restore(image);
  }

  /** An image of what is safe on it now. */
  image(): SimulatedDisk {
    return this.disk.image(this.#random);
  }

  troublesOver(): void {
    this.#isFull = false;
    this.#slowest = QUICK;
    this.#failingSyncs = 0;
    this.disk.leaveRoom();
  }
}

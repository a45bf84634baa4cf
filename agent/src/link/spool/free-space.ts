import { SECOND, type Env } from "@edgemere/protocol/kit";

const LOOK_EVERY = 10 * SECOND;
const LEAST_FREE = 256 * 1024 ** 2;

/** What is left to the host when nobody says otherwise: 5 % of the file system and 256 MiB, but never more than a tenth of a small one. */
export const defaultFloor = (totalBytes: number): number =>
  Math.max(totalBytes * 0.05, Math.min(LEAST_FREE, totalBytes * 0.1));

/** Whether the file system has less room left than the host should keep. */
export class FreeSpace {
  readonly #env: Env;
  readonly #floor: number | undefined;
  #isLow = false;
  #lookAgainAt = -Infinity;

  /** `floor` in bytes; without it that of `defaultFloor`. */
  constructor(env: Env, floor: number | undefined) {
    this.#env = env;
    this.#floor = floor;
  }

  /** As it was when somebody looked last. */
  get wasLow(): boolean {
    return this.#isLow;
  }

  async isLow(): Promise<boolean> {
    const { clock, disk, log } = this.#env;
    if (clock.monotonic() < this.#lookAgainAt) return this.#isLow;
    this.#lookAgainAt = clock.monotonic() + LOOK_EVERY;
    try {
      const { freeBytes, totalBytes } = await disk.space();
      const floor = this.#floor ?? defaultFloor(totalBytes);
      const isLow = freeBytes < floor;
      if (isLow && !this.#isLow)
        log.warn("the disk is nearly full; telemetry and output are not kept", { freeBytes, floor });
      if (!isLow && this.#isLow) log.info("the disk has room again", { freeBytes, floor });
      this.#isLow = isLow;
    } catch (error) {
      // A write tells soon enough what this could not.
      log.warn("the room on the disk cannot be told", { error });
    }
    return this.#isLow;
  }
}

import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { DataFile } from "../host/host.ts";

/** A file that was written to so recently may be written to again without its time or size telling. */
const STILL_WARM = 2 * SECOND;
/** What never rests is read all the same, so seldom. */
const LONGEST = MINUTE;

/** Which files are still being written to: they are read when they rest. */
export class Rest {
  /** Since when each is waited for. */
  readonly #restless = new Map<string, number>();
  readonly #whole = new Set<string>();
  readonly #readWarm = new Set<string>();

  /** It came in one piece, whatever its time says. */
  isWhole(name: string): void {
    this.#whole.add(name);
  }

  /** It was written to while it was read, perhaps. */
  isToBeReadAgain(name: string): boolean {
    return this.#readWarm.has(name);
  }

  rests(file: DataFile, now: number): boolean {
    const since = this.#restless.get(file.name) ?? now;
    if (!isWarm(file, now) || this.#whole.has(file.name) || now - since >= LONGEST) {
      this.#restless.delete(file.name);
      return true;
    }
    this.#restless.set(file.name, since);
    return false;
  }

  wasRead(file: DataFile, listedAt: number): void {
    this.#readWarm.delete(file.name);
    const isWhole = this.#whole.delete(file.name);
    if (isWarm(file, listedAt) && !isWhole) this.#readWarm.add(file.name);
  }

  /** Forgets what is not there any more. */
  keepOnly(listed: { has(name: string): boolean }): void {
    for (const names of [this.#restless, this.#whole, this.#readWarm])
      for (const name of names.keys()) if (!listed.has(name)) names.delete(name);
  }
}

/** A time far ahead is no recent one: that is another clock. */
const isWarm = ({ modifiedAt }: DataFile, now: number): boolean => Math.abs(now - modifiedAt) <= STILL_WARM;

import { SECOND, type Disk, type Env } from "@edgemere/protocol/kit";

const FILE = "session-epoch";
// One block of every file system holds it.
const RESERVED_AT_ONCE = 1_000;
const MARK = "-";

/**
 * Numbers sessions, each higher than all before, whatever happens to the process and its host. The file holds the highest
 * reserved number and a mark for each that is left; a mark is cut off before its number is used, because that is what a
 * full disk lets one do.
 */
export class SessionNumbers {
  readonly #env: Pick<Env, "disk" | "log">;
  #last: number;
  #left: number;

  private constructor(env: Pick<Env, "disk" | "log">, last: number, left: number) {
    this.#env = env;
    this.#last = last;
    this.#left = left;
  }

  static async open(env: Pick<Env, "clock" | "disk" | "log">): Promise<SessionNumbers> {
    const { highest, left } = await read(env.disk, env.clock.now());
    return new SessionNumbers(env, highest - left, left);
  }

  /** The newest number that was given. */
  get last(): number {
    return this.#last;
  }

  /** The next one, written down as used. */
  async next(): Promise<number> {
    const { disk, log } = this.#env;
    this.#last += 1;
    try {
      if (this.#left < RESERVED_AT_ONCE / 2 && (await this.#reserve())) return this.#last;
      if (this.#left === 0) throw new Error("no number is reserved");
      await disk.truncate(FILE, textOf(this.#last + this.#left - 1, this.#left - 1).length);
      this.#left -= 1;
    } catch (error) {
      // A device that is heard is worth more than a number that is safe.
      this.#left = 0;
      log.warn("session number not written down", { error });
    }
    return this.#last;
  }

  /** False when the disk does not let it: then what is reserved is used up. */
  async #reserve(): Promise<boolean> {
    const left = RESERVED_AT_ONCE - 1;
    try {
      await this.#env.disk.write(FILE, Buffer.from(textOf(this.#last + left, left)));
      this.#left = left;
      return true;
    } catch (error) {
      this.#env.log.debug("no more session numbers can be reserved", { error });
      return false;
    }
  }
}

const textOf = (highest: number, left: number): string => `${highest} ${MARK.repeat(left)}`;

async function read(disk: Disk, now: number): Promise<{ readonly highest: number; readonly left: number }> {
  // What cannot be read says as little as what makes no sense.
  const bytes = await disk.read(FILE).catch(() => new Uint8Array());
  if (bytes === undefined) return { highest: 0, left: 0 };
  const [, digits = "", marks = ""] = /^(\d+)(?: (-*))?$/.exec(new TextDecoder().decode(bytes)) ?? [];
  const highest = Number(digits);
  // No device connects once a second all its life: from here the counter has never been.
  if (!Number.isSafeInteger(highest) || highest <= marks.length) return { highest: Math.floor(now / SECOND), left: 0 };
  return { highest, left: marks.length };
}

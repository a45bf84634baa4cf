import { MINUTE, type Clock } from "@edgemere/protocol/kit";
import type { Store } from "../platform/store.ts";

/** A feature could not decide about something of a device: a bug, or what is stored of the device is damaged. */
export class FeatureFailed extends Error {
  constructor(feature: string, cause: unknown) {
    super(`${feature}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "FeatureFailed";
  }
}

/** What a feature threw, as its failure. Throws it when the store is broken: that it could not read says nothing of the feature. */
export function failureOf(feature: string, error: unknown, { isBroken }: Pick<Store, "isBroken">): FeatureFailed {
  if (isBroken) throw error;
  return new FeatureFailed(feature, error);
}

/** So long and so often records are tried: whoever finds the error in that time loses nothing. */
const TRIED_FOR = 10 * MINUTE;
const TRIES = 5;
/** A stream that failed no more for so long is as good as any. */
const FORGIVEN_AFTER = 30 * MINUTE;
const MOST_REMEMBERED = 10_000;

interface Trouble {
  readonly since: number;
  readonly lastAt: number;
  readonly tries: number;
}

/** Remembers which streams have records that features fail on. Times are the monotonic clock's. */
export class Failures {
  readonly #clock: Clock;
  readonly #troubles = new Map<string, Trouble>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One more failure of a stream; says whether it is the first, and whether it was tried long enough. */
  count(stream: string): { readonly isFirst: boolean; readonly isEnough: boolean } {
    const now = this.#clock.monotonic();
    const known = this.#troubles.get(stream);
    const isFirst = known === undefined || now - known.lastAt >= FORGIVEN_AFTER;
    const trouble = { since: isFirst ? now : known.since, lastAt: now, tries: isFirst ? 1 : known.tries + 1 };
    const [oldest] = this.#troubles.keys();
    if (oldest !== undefined && this.#troubles.size >= MOST_REMEMBERED) this.#troubles.delete(oldest);
    this.#troubles.set(stream, trouble);
    return { isFirst, isEnough: trouble.tries >= TRIES && now - trouble.since >= TRIED_FOR };
  }
}

import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { TokenBucket } from "../platform/token-bucket.ts";
import { Remembered } from "./remembered.ts";

/** Connections that have not said yet who they are: from everywhere, and from one address. A site may stand behind one. */
const STRANGERS = 4_000;
const STRANGERS_OF_ADDRESS = 1_000;
/** A site that comes back as a whole; a full handshake takes one core ten milliseconds. */
const HANDSHAKES = { perSecond: 100, burst: 1_000 };
/** From where a device comes again and again that is held back. */
const HELD_HANDSHAKES = { perSecond: 10, burst: 20 };
const HELD_FOR = MINUTE;
/** Who would have to wait for longer is turned away. */
const LONGEST_WAIT = 10 * SECOND;
const ADDRESSES_REMEMBERED = 10_000;

interface Address {
  strangers: number;
  readonly usual: TokenBucket;
  held?: { readonly bucket: TokenBucket; readonly until: number } | undefined;
}

/**
 * Decides who may begin a handshake, and when: it is dear, and comes before anybody has proved anything. Times are the monotonic
 * clock's, milliseconds.
 */
export class Door {
  /** Those from where somebody is on the way in stay: strangers are fewer than addresses. */
  readonly #addresses = new Remembered<Address>(ADDRESSES_REMEMBERED, ({ strangers }) => strangers === 0);
  #strangers = 0;

  /** Milliseconds to wait before the handshake; undefined for who is turned away. Who was let in must leave by `known`. */
  knock(address: string, now: number): number | undefined {
    const from = this.#of(address, now);
    if (this.#strangers >= STRANGERS || from.strangers >= STRANGERS_OF_ADDRESS) return undefined;
    if (from.held !== undefined && from.held.until <= now) from.held = undefined;
    const wait = Math.max(from.usual.wait(now), from.held?.bucket.wait(now) ?? 0);
    if (wait > LONGEST_WAIT) return undefined;
    from.usual.take(1, now);
    from.held?.bucket.take(1, now);
    from.strangers++;
    this.#strangers++;
    return wait;
  }

  /** One that was let in has said who it is, or has gone. */
  known(address: string): void {
    const from = this.#addresses.find(address);
    if (from === undefined) return;
    from.strangers--;
    this.#strangers--;
  }

  /** Lets connections from there in slowly for a while. */
  hold(address: string, now: number): void {
    const from = this.#of(address, now);
    const bucket = from.held?.bucket ?? new TokenBucket(HELD_HANDSHAKES, now);
    from.held = { bucket, until: now + HELD_FOR };
  }

  #of(address: string, now: number): Address {
    return this.#addresses.of(address, () => ({ strangers: 0, usual: new TokenBucket(HANDSHAKES, now) }));
  }
}

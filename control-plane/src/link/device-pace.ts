import { SECOND } from "@edgemere/protocol/kit";
import { paceOf, type Pace } from "./guard.ts";
import { Remembered } from "./remembered.ts";

const KIB = 1024;
/** Four times what a backlog takes that an agent of ours paces. */
const USUAL = {
  bytes: { perSecond: 1024 * KIB, burst: 8 * 1024 * KIB },
  packets: { perSecond: 500, burst: 5_000 },
};
/** Enough to be heard and to say how it is, and too little to be felt. */
const HELD = { bytes: { perSecond: 32 * KIB, burst: 64 * KIB }, packets: { perSecond: 5, burst: 20 } };
const DEVICES_REMEMBERED = 10_000;
/** So long at most nothing is read: a device that is pardoned need not wait for all that it did. */
const LONGEST_PAUSE = 30 * SECOND;

/** How fast each device is read, over all its connections: one that comes anew gets no new allowance. */
export class DevicePaces {
  readonly #isHeld: (device: string) => boolean;
  readonly #devices = new Remembered<{ readonly usual: Pace; held?: Pace | undefined }>(DEVICES_REMEMBERED);

  constructor(isHeld: (device: string) => boolean) {
    this.#isHeld = isHeld;
  }

  of(device: string): Pace {
    return (received, now) => {
      const known = this.#devices.of(device, () => ({ usual: paceOf(USUAL, now) }));
      known.held = this.#isHeld(device) ? (known.held ?? paceOf(HELD, now)) : undefined;
      const pause = Math.max(known.usual(received, now), known.held?.(received, now) ?? 0);
      return Math.min(pause, LONGEST_PAUSE);
    };
  }
}

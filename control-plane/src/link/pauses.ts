import { SECOND, type Clock } from "@edgemere/protocol/kit";

/** For how long a device is asked to send no records, by why. When it is over earlier, it is told earlier. */
const PAUSES = { "read-only": 20 * SECOND, overloaded: 2 * SECOND } as const;

export type PauseReason = keyof typeof PAUSES;

/** Which devices were asked to wait, and until when. */
export class Pauses {
  readonly #clock: Clock;
  /** By the monotonic clock. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when the device is to be told: not when it is waiting already. */
  begin(device: string, reason: PauseReason): boolean {
    if (this.left(device) > 0) return false;
    this.#until.set(device, this.#clock.monotonic() + PAUSES[reason]);
    return true;
  }

  /** Milliseconds that a device is still to wait. */
  left(device: string): number {
    const now = this.#clock.monotonic();
    return Math.ceil(Math.max(0, (this.#until.get(device) ?? now) - now));
  }

  forget(device: string): void {
    this.#until.delete(device);
  }

  /** Ends every pause, and gives the devices that were asked to wait. */
  end(): readonly string[] {
    const devices = [...this.#until.keys()];
    this.#until.clear();
    return devices;
  }
}

import type { Clock } from "@edgemere/protocol/kit";

/** The control plane's clock, as far as it has been heard: steps of this device's own wall clock do not move it. */
export class ServerTime {
  readonly #clock: Clock;
  #heard: { readonly wallMs: number; readonly monotonic: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a time the control plane has signed. An earlier one than before is a replay, or a clock put right: time stands still then. */
  hear(signedMs: number): void {
    const wallMs = Math.max(signedMs, this.#heard?.wallMs ?? 0);
    this.#heard = { wallMs, monotonic: this.#clock.monotonic() };
  }

  /** Milliseconds since 1970; the device's own clock until the control plane was heard. */
  now(): number {
    if (this.#heard === undefined) return this.#clock.now();
    return this.#heard.wallMs + Math.round(this.#clock.monotonic() - this.#heard.monotonic);
  }
}

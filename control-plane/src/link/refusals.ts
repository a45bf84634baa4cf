import type { ProtocolError, RefusalReason } from "@edgemere/protocol";
import type { Log } from "@edgemere/protocol/kit";

const DEVICES_REMEMBERED = 10_000;

/** Counts refused bytes by reason, and logs each pair of device and reason once. */
export class Refusals {
  readonly #log: Log;
  readonly #counts = new Map<RefusalReason, number>();
  readonly #logged = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  count(device: string, error: ProtocolError): void {
    this.#counts.set(error.reason, (this.#counts.get(error.reason) ?? 0) + 1);
    const key = `${device} ${error.reason}`;
    if (this.#logged.has(key)) return;
    if (this.#logged.size >= DEVICES_REMEMBERED) this.#logged.clear();
    this.#logged.add(key);
    this.#log.warn("device message refused", { device, reason: error.reason, detail: error.message });
  }

  totals(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

import type { RefusalReason } from "@edgemere/protocol";
import type { Log } from "@edgemere/protocol/kit";

const DEVICES_REMEMBERED = 10_000;

/** Why something of a device was not taken: its own fault, a contradiction, our own want of room, or our own failure. */
type LinkRefusal =
  | RefusalReason
  | "conflicting-record"
  | "misconduct"
  | "not-admitted"
  /** What a Sparkplug edge node says that is no single value, or that no birth has named. */
  | "unsupported"
  | "not-born"
  | "handshake-failed"
  | "overloaded"
  | "read-only"
  | "no-terminal"
  | "unknown-schema"
  | "too-many-schemas"
  | "failed";

export interface Refusal {
  readonly reason: LinkRefusal;
  /** In words: logged with the first of its kind. */
  readonly message: string;
}

/** Counts what is refused by reason and device, and logs each pair of device and reason once. */
export class Refusals {
  readonly #log: Log;
  readonly #totals = new Map<string, number>();
  readonly #devices = new Map<string, Map<string, number>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** A device is "" where nobody has said yet who it is. */
  count(device: string, { reason, message }: Refusal): void {
    addOne(this.#totals, reason);
    if (addOne(this.#of(device), reason) === 1)
      this.#log.warn("device message refused", { device, reason, detail: message });
  }

  totals(device?: string): Readonly<Record<string, number>> {
    return Object.fromEntries(device === undefined ? this.#totals : (this.#devices.get(device) ?? []));
  }

  #of(device: string): Map<string, number> {
    const known = this.#devices.get(device);
    if (known !== undefined) return known;
    const [oldest] = this.#devices.keys();
    if (oldest !== undefined && this.#devices.size >= DEVICES_REMEMBERED) this.#devices.delete(oldest);
    const fresh = new Map<string, number>();
    this.#devices.set(device, fresh);
    return fresh;
  }
}

function addOne(counts: Map<string, number>, reason: string): number {
  const count = (counts.get(reason) ?? 0) + 1;
  counts.set(reason, count);
  return count;
}

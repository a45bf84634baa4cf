import type { ConnectionEvents } from "@edgemere/agent";
import type { Packet } from "@edgemere/protocol";

/** One connection, and what each of its ends believes about it. */
export class Wire {
  readonly device: string;
  readonly will: Packet;
  readonly events: ConnectionEvents;
  agentHolds = true;
  brokerHolds = true;
  /** No packet passes any more. */
  isBroken = false;
  /** It is over, and what was on its way to the broker still comes in. */
  isStraggling = false;
  /** The same device's next connection. */
  next: Wire | undefined;
  readonly #unanswered = new Set<(error: Error) => void>();
  #lastUpAt = 0;
  #lastDownAt = 0;

  constructor({ device, will, events }: Pick<Wire, "device" | "will" | "events">) {
    this.device = device;
    this.will = will;
    this.events = events;
  }

  get carriesUp(): boolean {
    return this.isStraggling || (this.brokerHolds && !this.isBroken);
  }

  /** How long from now a packet takes that takes `delay` on a free road: none overtakes another. */
  nextUp(now: number, delay: number): number {
    this.#lastUpAt = Math.max(this.#lastUpAt, now + delay);
    return this.#lastUpAt - now;
  }

  nextDown(now: number, delay: number): number {
    this.#lastDownAt = Math.max(this.#lastDownAt, now + delay);
    return this.#lastDownAt - now;
  }

  waitForReceipt(reject: (error: Error) => void): void {
    this.#unanswered.add(reject);
  }

  receipt(reject: (error: Error) => void, resolve: () => void): void {
    this.#unanswered.delete(reject);
    resolve();
  }

  loseAgent(reason: string): void {
    if (!this.agentHolds) return;
    this.closeAgent();
    this.events.lost(reason);
  }

  closeAgent(): void {
    this.agentHolds = false;
    for (const reject of this.#unanswered) reject(new Error("the connection was closed"));
    this.#unanswered.clear();
  }
}

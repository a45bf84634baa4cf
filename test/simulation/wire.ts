import type { ConnectionEvents } from "@edgemere/agent";
import { unpack, type Bye, type Packet } from "@edgemere/protocol";
import type { Life } from "./life.ts";

/** One connection, and what each of its ends believes about it. */
export class Wire {
  readonly device: string;
  readonly will: Packet;
  readonly life: Life;
  readonly #events: ConnectionEvents;
  agentHolds = true;
  brokerHolds = true;
  /** No packet comes through any more, in that direction. */
  readonly isBroken = { up: false, down: false };
  /** It is over, and what was on its way to the broker still comes in. */
  isStraggling = false;
  /** The same device's next connection. */
  next: Wire | undefined;
  readonly #unanswered = new Set<(error: Error) => void>();
  #lastUpAt = 0;
  #lastDownAt = 0;

  constructor({ device, will, life, events }: Pick<Wire, "device" | "will" | "life"> & { events: ConnectionEvents }) {
    this.device = device;
    this.will = will;
    this.life = life;
    this.#events = events;
  }

  get carriesUp(): boolean {
    return this.isStraggling || (this.brokerHolds && !this.isBroken.up);
  }

  get carriesDown(): boolean {
    return this.agentHolds && !this.isBroken.down;
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

  /** Nothing comes through before that moment, and then all of it. */
  stall(until: number): void {
    this.#lastUpAt = Math.max(this.#lastUpAt, until);
    this.#lastDownAt = Math.max(this.#lastDownAt, until);
  }

  waitForReceipt(reject: (error: Error) => void): void {
    this.#unanswered.add(reject);
  }

  receipt(reject: (error: Error) => void, resolve: () => void): void {
    this.life.hear(() => {
      this.#unanswered.delete(reject);
      resolve();
    });
  }

  arrive(topic: string, payload: Uint8Array): void {
    this.life.hear(() => {
      if (this.agentHolds) this.#events.arrived(topic, payload);
    });
  }

  loseAgent(reason: string): void {
    this.life.hear(() => {
      if (!this.agentHolds) return;
      this.closeAgent();
      this.#events.lost(reason);
    });
  }

  closeAgent(): void {
    this.agentHolds = false;
    for (const reject of this.#unanswered) reject(new Error("the connection was closed"));
    this.#unanswered.clear();
  }
}

/** The device that a packet is from or for. */
export const deviceOf = ({ topic }: Packet): string => topic.split("/")[2] ?? "";

/** The number of the session that a will is for. */
export const epochOf = ({ topic, payload }: Packet): number => (unpack(topic, payload).message as Bye).sessionEpoch;

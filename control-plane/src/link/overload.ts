import type { StreamName } from "@edgemere/protocol";

/** What waits to be stored, all devices together. */
interface Backlog {
  /** Share of the room that is taken, above 1 when there is more than there should be. */
  readonly fill: number;
  /** How many times its fair share of what waits is one device's own. */
  readonly share: number;
}

/** Above this much of the room, whoever takes more than twice a fair share is held back. */
const CROWDED = 0.5;
const GREEDY = 2;
/** From here on a stream is not taken from anybody: the least important first, and everything only to stay alive. */
const SHED_FROM: Readonly<Record<StreamName, number>> = { log: 0.75, telemetry: 0.9, event: 1.5, result: 2 };

/** Whether a batch is left to be sent again later. Nothing is lost by it: what is not acknowledged stays at the device. */
export const isShed = (stream: StreamName, { fill, share }: Backlog): boolean =>
  fill >= SHED_FROM[stream] || (fill >= CROWDED && share > GREEDY && (stream === "log" || stream === "telemetry"));

interface Waiting {
  readonly bytes: number;
  readonly messages: number;
}

const MIB = 1024 * 1024;
const ROOM: Waiting = { bytes: 64 * MIB, messages: 20_000 };

/** Counts what came from devices and is not stored yet. */
export class IngestQueue {
  readonly #room: Waiting;
  readonly #devices = new Map<string, Waiting>();
  #bytes = 0;
  #messages = 0;

  constructor(room = ROOM) {
    this.#room = room;
  }

  get waiting(): Waiting {
    return { bytes: this.#bytes, messages: this.#messages };
  }

  /** False when the batch finds no room. What entered must leave. */
  enter(device: string, stream: StreamName, bytes: number): boolean {
    const own = this.#devices.get(device) ?? { bytes: 0, messages: 0 };
    const devices = this.#devices.size + (own.messages === 0 ? 1 : 0);
    const all = { bytes: this.#bytes + bytes, messages: this.#messages + 1 };
    const after = { bytes: own.bytes + bytes, messages: own.messages + 1 };
    const fill = Math.max(all.bytes / this.#room.bytes, all.messages / this.#room.messages);
    if (isShed(stream, { fill, share: (after.bytes * devices) / Math.max(all.bytes, 1) })) return false;
    this.#bytes = all.bytes;
    this.#messages = all.messages;
    this.#devices.set(device, after);
    return true;
  }

  leave(device: string, bytes: number): void {
    const own = this.#devices.get(device);
    if (own === undefined) return;
    this.#bytes -= bytes;
    this.#messages -= 1;
    if (own.messages === 1) this.#devices.delete(device);
    else this.#devices.set(device, { bytes: own.bytes - bytes, messages: own.messages - 1 });
  }
}

import type { Packet } from "@edgemere/protocol";
import type { Conduct } from "./conduct.ts";
import type { Refusal } from "./refusals.ts";

/** What carries packets to devices: the embedded broker, an external one, or a simulated network. */
export interface Carrier {
  send(packet: Packet, device: string): Promise<void>;
  disconnect(device: string, reason: string): void;
}

/** What a carrier tells: the device side of the link. */
export interface DeviceMessages {
  /** Gives the link its way out: to all devices, or to one that has its own. Before that, and after `undefined`, nothing is sent. */
  attach(carrier: Carrier | undefined, device?: string): void;
  /**
   * A device's message. Resolves when it is durable, or when the device will have to send it again for want of an
   * acknowledgement; until then nothing more needs to be read from it. Bytes that make no sense are counted and dropped;
   * other errors are thrown: then the device must not believe that it was heard.
   */
  arrived(device: string, topic: string, payload: Uint8Array, address: string): Promise<void>;
  /** A sign of life without a message. */
  heard(device: string): void;
  /** The transport lost a device without a word; presence follows from its will or from silence. */
  dropped(device: string): void;
  /** Counts what was refused before it came here; bytes that no agent sends also against the device's conduct. */
  refuse(device: string, refusal: Refusal): void;
  /** What devices do is noted here, each message as soon as it is read; and whether one is to be held back is asked. */
  readonly conduct: Pick<Conduct, "note" | "isHeld" | "isSuspect">;
}

/** Which way leads to which device: its own, or the common one. */
export class Ways {
  readonly #own = new Map<string, Carrier>();
  #common: Carrier | undefined;

  attach(carrier: Carrier | undefined, device?: string): void {
    if (device === undefined) this.#common = carrier;
    else if (carrier === undefined) this.#own.delete(device);
    else this.#own.set(device, carrier);
  }

  to(device: string): Carrier | undefined {
    return this.#own.get(device) ?? this.#common;
  }
}

import { ProtocolError } from "@edgemere/protocol";

/** Bytes were refused before the broker saw them. */
export class GuardRefusal extends ProtocolError {}

export interface PacketLimits {
  /** The first packet, from somebody who has proved nothing yet. */
  readonly connectBytes: number;
  /** Every other packet. */
  readonly packetBytes: number;
}

const CONNECT = 1;
const LONGEST_HEADER = 5;

/**
 * Follows the borders of MQTT packets through a stream of bytes and throws GuardRefusal as soon as a fixed header
 * announces too much: nothing of such a packet is ever kept. (MQTT 3.1.1, 2.2: type, then 1 to 4 bytes of length.)
 */
export class PacketSizes {
  readonly #limits: PacketLimits;
  #header: number[] = [];
  #body = 0;
  #packets = 0;

  constructor(limits: PacketLimits) {
    this.#limits = limits;
  }

  /** Packets whose header has passed. */
  get packets(): number {
    return this.#packets;
  }

  pass(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#body > 0) {
        const skipped = Math.min(this.#body, bytes.length - at);
        this.#body -= skipped;
        at += skipped;
      } else {
        this.#header.push(bytes[at] ?? 0);
        at++;
        this.#readHeader();
      }
    }
  }

  #readHeader(): void {
    const last = this.#header.at(-1) ?? 0;
    if (this.#header.length === 1 || (last & 0x80) !== 0) {
      if (this.#header.length === LONGEST_HEADER)
        throw new GuardRefusal("malformed", "a packet's length is not well formed");
      return;
    }
    const size = this.#header.slice(1).reduce((sum, byte, i) => sum + (byte & 0x7f) * 128 ** i, 0);
    this.#judge((this.#header[0] ?? 0) >> 4, size);
    this.#header = [];
    this.#body = size;
    this.#packets++;
  }

  #judge(type: number, size: number): void {
    const isFirst = this.#packets === 0;
    if (isFirst !== (type === CONNECT))
      throw new GuardRefusal("malformed", isFirst ? "the first packet is no CONNECT" : "a second CONNECT came");
    const limit = isFirst ? this.#limits.connectBytes : this.#limits.packetBytes;
    if (size > limit) throw new GuardRefusal("too-large", `a packet of ${size} bytes is over the limit of ${limit}`);
  }
}

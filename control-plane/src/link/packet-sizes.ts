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
const PUBLISH = 3;
const LONGEST_HEADER = 5;
const LENGTH_BYTES = 2;
/** Of a longer topic only the beginning is told: none of ours is nearly as long. */
const LONGEST_TOPIC = 256;

/**
 * Follows the borders of MQTT packets through a stream of bytes and throws GuardRefusal as soon as a fixed header
 * announces too much: nothing of such a packet is ever kept. (MQTT 3.1.1, 2.2: type, then 1 to 4 bytes of length.)
 * Tells the topic of each message (3.3.2: 2 bytes of its length, then the topic) as soon as that has passed.
 */
export class PacketSizes {
  readonly #limits: PacketLimits;
  readonly #published: (topic: string) => void;
  #header: number[] = [];
  #body = 0;
  #packets = 0;
  /** How a message begins, until its topic is told. */
  #start: number[] | undefined;

  /** `published` is told the topic of each message, "" where there is none to be read. */
  constructor(limits: PacketLimits, published: (topic: string) => void = () => {}) {
    this.#limits = limits;
    this.#published = published;
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
        this.#readTopic(bytes.subarray(at, at + skipped));
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
    const type = (this.#header[0] ?? 0) >> 4;
    this.#judge(type, size);
    this.#header = [];
    this.#body = size;
    this.#packets++;
    if (type !== PUBLISH) return;
    this.#start = [];
    if (size === 0) this.#readTopic(new Uint8Array());
  }

  #readTopic(bytes: Uint8Array): void {
    if (this.#start === undefined) return;
    // Nearly always all of it is there.
    if (this.#start.length === 0 && bytes.length > LENGTH_BYTES && bytes.length >= topicEnd(bytes))
      return this.#tell(bytes.subarray(0, topicEnd(bytes)));
    for (const byte of bytes) {
      if (this.#start.length >= topicEnd(this.#start)) break;
      this.#start.push(byte);
    }
    if (this.#start.length < topicEnd(this.#start) && this.#body > 0) return;
    this.#tell(Uint8Array.from(this.#start));
  }

  #tell(start: Uint8Array): void {
    this.#start = undefined;
    this.#published(Buffer.from(start.buffer, start.byteOffset, start.length).toString("utf8", LENGTH_BYTES));
  }

  #judge(type: number, size: number): void {
    const isFirst = this.#packets === 0;
    if (isFirst !== (type === CONNECT))
      throw new GuardRefusal("malformed", isFirst ? "the first packet is no CONNECT" : "a second CONNECT came");
    const limit = isFirst ? this.#limits.connectBytes : this.#limits.packetBytes;
    if (size > limit) throw new GuardRefusal("too-large", `a packet of ${size} bytes is over the limit of ${limit}`);
  }
}

/** Where the topic ends in a message that begins so, or how far it is followed. */
function topicEnd({ 0: high, 1: low }: ArrayLike<number>): number {
  if (high === undefined || low === undefined) return LENGTH_BYTES;
  return LENGTH_BYTES + Math.min(high * 256 + low, LONGEST_TOPIC);
}

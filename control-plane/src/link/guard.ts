import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Clock } from "@edgemere/protocol/kit";
import { PacketSizes, type PacketLimits } from "./packet-sizes.ts";
import { TokenBucket, type Rate } from "../platform/token-bucket.ts";

/** Takes what was received from what a peer may send, and gives the milliseconds for which it is to be read no more. */
export type Pace = (received: { readonly bytes: number; readonly packets: number }, now: number) => number;

/** Looks at what a peer sends as it is read, which may be long before the broker comes to it. */
export interface Watch {
  /** Told the topic of each message. */
  published(topic: string): void;
  /** Whether it is read on, to see what it goes on to do, though what it said before is not handled. */
  isSuspect(): boolean;
}

const MOST_AHEAD = 128 * 1024;

/** The pace of one connection by itself. */
export function paceOf(rates: Readonly<Record<"bytes" | "packets", Rate>>, now: number): Pace {
  const [bytes, packets] = [new TokenBucket(rates.bytes, now), new TokenBucket(rates.packets, now)];
  return (received, at) => Math.max(bytes.take(received.bytes, at), packets.take(received.packets, at));
}

interface Rules {
  readonly limits: PacketLimits;
  readonly pace: Pace;
  readonly watch?: Watch | undefined;
  readonly clock: Clock;
}

/**
 * Stands between a socket and the broker, which has no limits of its own: refuses packets that are too large before a
 * byte of them is buffered, and stops reading from a peer that sends too fast. What the broker does not come to waits here:
 * 16 KiB of it, as of any stream, or 128 KiB of a suspect.
 */
export class Guard extends Duplex {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #sizes: PacketSizes;
  readonly #pace: Pace;
  readonly #watch: Watch | undefined;
  readonly #closed = new AbortController();
  /** Held back for going too fast: until it is over nothing is read. */
  #isWaiting = false;

  constructor(socket: Socket, { limits, pace, watch, clock }: Rules) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#clock = clock;
    this.#sizes = new PacketSizes(limits, (topic) => watch?.published(topic));
    this.#pace = pace;
    this.#watch = watch;
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    socket.pause();
  }

  override _read(): void {
    if (!this.#isWaiting) this.#socket.resume();
  }

  /** What is said in one turn, such as an Ack and the PUBACK after it, goes as one record of TLS: one for each is dear at both ends and on the line. */
  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      // oxlint-disable-next-line no-restricted-globals -- the end of this turn: no time passes
      setImmediate(() => this.#socket.uncork());
    }
    if (this.#socket.write(chunk)) done();
    else this.#socket.once("drain", done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "utf8", done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#closed.abort();
    // Whoever is refused hears why.
    this.#socket.uncork();
    this.#socket.destroy();
    done(error);
  }

  #received(chunk: Buffer): void {
    const before = this.#sizes.packets;
    try {
      this.#sizes.pass(chunk);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    const received = { bytes: chunk.length, packets: this.#sizes.packets - before };
    const pause = this.#pace(received, this.#clock.monotonic());
    if (pause > 0) void this.#pushLater(chunk, pause);
    else if (!this.#pass(chunk)) this.#socket.pause();
  }

  /** Hands it on; tells whether more is wanted. */
  #pass(chunk: Buffer): boolean {
    if (this.push(chunk)) return true;
    return this.readableLength < MOST_AHEAD && this.#watch?.isSuspect() === true;
  }

  async #pushLater(chunk: Buffer, pause: number): Promise<void> {
    this.#isWaiting = true;
    this.#socket.pause();
    await this.#clock.sleep(pause, this.#closed.signal);
    this.#isWaiting = false;
    if (!this.destroyed && this.#pass(chunk)) this.#socket.resume();
  }
}

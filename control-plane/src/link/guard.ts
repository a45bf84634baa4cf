import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Clock } from "@edgemere/protocol/kit";
import { PacketSizes, type PacketLimits } from "./packet-sizes.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface GuardLimits extends PacketLimits {
  /** What one connection may send; above it, it is read no faster. */
  readonly bytes: { readonly perSecond: number; readonly burst: number };
  readonly packets: { readonly perSecond: number; readonly burst: number };
}

/**
 * Stands between a socket and the broker, which has no limits of its own: refuses packets that are too large before a
 * byte of them is buffered, and stops reading from a peer that sends too fast.
 */
export class Guard extends Duplex {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #sizes: PacketSizes;
  readonly #bytes: TokenBucket;
  readonly #packets: TokenBucket;
  readonly #closed = new AbortController();
  /** Held back for going too fast: until it is over nothing is read. */
  #isWaiting = false;

  constructor(socket: Socket, limits: GuardLimits, clock: Clock) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#clock = clock;
    this.#sizes = new PacketSizes(limits);
    this.#bytes = new TokenBucket(limits.bytes, clock.monotonic());
    this.#packets = new TokenBucket(limits.packets, clock.monotonic());
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    socket.pause();
  }

  override _read(): void {
    if (!this.#isWaiting) this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
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
    const now = this.#clock.monotonic();
    const pause = Math.max(this.#bytes.take(chunk.length, now), this.#packets.take(this.#sizes.packets - before, now));
    if (pause > 0) void this.#pushLater(chunk, pause);
    else if (!this.push(chunk)) this.#socket.pause();
  }

  async #pushLater(chunk: Buffer, pause: number): Promise<void> {
    this.#isWaiting = true;
    this.#socket.pause();
    await this.#clock.sleep(pause, this.#closed.signal);
    this.#isWaiting = false;
    if (!this.destroyed && this.push(chunk)) this.#socket.resume();
  }
}

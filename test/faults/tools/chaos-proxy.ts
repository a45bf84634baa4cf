import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Random } from "@edgemere/protocol/kit";

/** How bad the way is. May be changed while it is used. */
export interface Weather {
  /** Milliseconds, each way. */
  readonly delay?: number;
  /** Up to so much more or less. */
  readonly jitter?: number;
  readonly bytesPerSecond?: number;
  /** All connections share that; each has it for itself when absent. */
  readonly isOneLine?: boolean;
  /** Nothing passes, and nobody is told. */
  readonly isStalled?: boolean;
}

interface End {
  readonly host: string;
  readonly port: number;
}

const MOST_HELD = 256 * 1024;
const LOOK_AGAIN = 20;

/** A way between two ends that loses nothing and keeps the order, and is as slow, stalled or cut as it is told to be. Same chance, same delays. */
export class ChaosProxy implements AsyncDisposable {
  readonly #to: End;
  readonly #random: Random;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #lines = [{ dueAt: 0 }, { dueAt: 0 }] as const;
  weather: Weather = {};
  /** Bytes that have come so far, both ways. */
  bytes = 0;

  private constructor(to: End, random: Random) {
    this.#to = to;
    this.#random = random;
    this.#server = createServer((socket) => this.#join(socket));
  }

  static async listen(at: End, to: End, random: Random): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(to, random);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(at.port, at.host, resolve);
    });
    return proxy;
  }

  /** Where it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets what passes now. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(near: Socket): void {
    const far = createConnection(this.#to);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [one, other, line] of [
      [near, far, this.#lines[0]],
      [far, near, this.#lines[1]],
    ] as const) {
      one.setNoDelay(true);
      const carried = this.#carry(one, other, line);
      one.on("error", () => {});
      one.on("close", () => {
        if (other.destroyed) this.#pairs.delete(pair);
        // What was said before still arrives.
        else void carried().then(() => other.destroy());
      });
    }
  }

  /** Each piece at its time, one after another; what it gives resolves when all that came so far was passed on. */
  #carry(from: Socket, to: Socket, shared: { dueAt: number }): () => Promise<void> {
    const own = { dueAt: 0 };
    let held = 0;
    let last: Promise<void> = Promise.resolve();
    const pass = async (piece: Buffer | undefined, at: number) => {
      await until(at);
      while (this.weather.isStalled && !to.destroyed) await until(performance.now() + LOOK_AGAIN);
      if (to.destroyed) return;
      if (piece === undefined) to.end();
      else to.write(piece);
      held -= piece?.length ?? 0;
      if (held < MOST_HELD) from.resume();
    };
    const arrived = (piece?: Buffer) => {
      const { delay = 0, jitter = 0, bytesPerSecond = Infinity, isOneLine = false } = this.weather;
      const length = piece?.length ?? 0;
      const line = isOneLine ? shared : own;
      this.bytes += length;
      const wanted = performance.now() + delay + (this.#random.next() * 2 - 1) * jitter;
      line.dueAt = Math.max(
        Math.max(line.dueAt, isOneLine ? performance.now() : 0) + (length * 1_000) / bytesPerSecond,
        wanted,
      );
      held += length;
      if (held >= MOST_HELD) from.pause();
      const at = line.dueAt;
      last = last.then(() => pass(piece, at));
    };
    from.on("data", arrived);
    from.on("end", () => arrived());
    return () => last;
  }
}

const until = (at: number) => new Promise<void>((resolve) => setTimeout(resolve, at - performance.now()));

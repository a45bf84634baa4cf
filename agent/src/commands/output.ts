import { aborted, type Clock, type Log } from "@edgemere/protocol/kit";
import type { Outbox } from "../link/outbox.ts";

const LARGEST_CHUNK = 16 * 1024;
/** What a command writes within this time travels together. */
const GATHER = 100;
/** With so much on its way to the outbox the command waits: it may be quicker than any disk. */
export const MOST_WAITING = 256 * 1024;

type Channel = "stdout" | "stderr";

interface Piece {
  readonly channel: Channel;
  readonly bytes: Uint8Array;
}

export interface OutputParts {
  readonly command: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
}

/** Delivers what one command writes, in order, in few records. */
export class CommandOutputSender {
  readonly #parts: OutputParts;
  #pieces: Piece[] = [];
  #waitingBytes = 0;
  #hurry = new AbortController();
  #drained = new AbortController();
  #offset = 0;
  #isEnded = false;
  #sending: Promise<void> | undefined;
  #hasLost = false;

  constructor(parts: OutputParts) {
    this.#parts = parts;
  }

  /** Gives a promise when there is enough for now; it resolves when more may come. */
  write(channel: Channel, bytes: Uint8Array): Promise<void> | undefined {
    if (bytes.length === 0 || this.#isEnded) return undefined;
    this.#pieces.push({ channel, bytes: Buffer.from(bytes) });
    this.#waitingBytes += bytes.length;
    this.#sending ??= this.#send();
    if (this.#waitingBytes < MOST_WAITING) return undefined;
    this.#hurry.abort();
    return aborted(this.#drained.signal);
  }

  /** Resolves when everything written so far is kept or given up; takes no more after that. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#hurry.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#pieces.length > 0) {
      await this.#gather();
      const pieces = this.#pieces;
      this.#pieces = [];
      for (const chunk of chunksOf(pieces)) await this.#append(chunk);
      this.#waitingBytes = this.#pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (this.#waitingBytes >= MOST_WAITING) continue;
      this.#drained.abort();
      this.#drained = new AbortController();
    }
    this.#sending = undefined;
  }

  /** Waits for neighbours; not when there are enough of them, or no more will come. */
  async #gather(): Promise<void> {
    await this.#parts.clock.sleep(GATHER, this.#hurry.signal);
    if (!this.#isEnded) this.#hurry = new AbortController();
  }

  async #append({ channel, bytes }: Piece): Promise<void> {
    const { command, outbox, log } = this.#parts;
    const offset = this.#offset;
    this.#offset += bytes.length;
    try {
      await outbox.append("log", { commandOutput: { command, channel, offset, content: bytes } });
    } catch (error) {
      // Output is the least important of all: the command goes on, and the gap shows in the offsets.
      if (!this.#hasLost) log.warn("output of a command could not be kept", { command, error });
      this.#hasLost = true;
    }
  }
}

/** Neighbours of one channel joined, and cut to size where no character is torn. */
export function chunksOf(pieces: readonly Piece[]): readonly Piece[] {
  const joined: { channel: Channel; parts: Uint8Array[] }[] = [];
  for (const { channel, bytes } of pieces) {
    const last = joined.at(-1);
    if (last?.channel === channel) last.parts.push(bytes);
    else joined.push({ channel, parts: [bytes] });
  }
  return joined.flatMap(({ channel, parts }) => cut(Buffer.concat(parts)).map((bytes) => ({ channel, bytes })));
}

function cut(bytes: Uint8Array): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < bytes.length;) {
    const to = from + LARGEST_CHUNK >= bytes.length ? bytes.length : boundaryBefore(bytes, from + LARGEST_CHUNK);
    chunks.push(bytes.subarray(from, to));
    from = to;
  }
  return chunks;
}

/** Steps back over the continuation bytes of a UTF-8 character, of which there are at most three. */
function boundaryBefore(bytes: Uint8Array, at: number): number {
  const steps = [0, 1, 2, 3].find((back) => ((bytes[at - back] ?? 0) & 0xc0) !== 0x80);
  return at - (steps ?? 0);
}

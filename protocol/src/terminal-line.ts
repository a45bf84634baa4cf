import type { Clock } from "./kit/clock.ts";
import { SECOND } from "./kit/clock.ts";
import { checkTerminalFrame } from "./check-terminal.ts";
import type { v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { TerminalSeal } from "./terminal-key.ts";
import { TerminalStream, type TerminalHeard, type TerminalWord } from "./terminal-stream.ts";

/** Silence after which the other side counts as gone: enough for a broker that is started anew, too short to be left alone. */
export const TERMINAL_SILENCE = 25 * SECOND;
/** What is said within this time goes together, but for so many frames that go at once: a key and its echo do not wait, a flood does. */
const LOOK_EVERY = 50;
const AT_ONCE = 4;

export interface TerminalLineParts {
  readonly clock: Clock;
  readonly command: string;
  readonly seal: TerminalSeal;
  /** Windows of the two directions, as both sides know them. */
  readonly sends: number;
  readonly hears: number;
  /** Sends a frame if it can: what is lost is sent again. */
  readonly send: (frame: v1.TerminalFrame.$Shape) => void;
  readonly hear: (heard: TerminalHeard) => void;
  /** Told once, and nothing after it: why there is no use in going on. */
  readonly lost: (reason: "unheard" | "tampered", detail: string) => void;
}

/** One end of a terminal: says, hears, repeats what was lost, and notices when the other end is gone. */
export class TerminalLine implements Disposable {
  readonly #parts: TerminalLineParts;
  readonly #stream: TerminalStream;
  readonly #over = new AbortController();
  #heardAt: number;
  #hasHeard = false;
  /** Frames sent since the last look. */
  #sent = 0;
  /** Resolves whoever waits for something to be heard by the other side. */
  readonly #onProgress = new Set<() => void>();

  constructor(parts: TerminalLineParts) {
    this.#parts = parts;
    this.#stream = new TerminalStream(parts);
    this.#heardAt = parts.clock.monotonic();
  }

  /** Says that it is there, and goes on saying it. */
  start(): void {
    void this.#look();
  }

  /** Bytes that were given to be said and are not known to have arrived. */
  get waiting(): number {
    return this.#stream.waiting;
  }

  /** The other side has been heard. */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }

  write(data: Uint8Array): void {
    this.#stream.write(data);
    this.#sendSoon();
  }

  say(word: TerminalWord): void {
    this.#stream.say(word);
    this.#sendSoon();
  }

  /** So many bytes of what was heard are dealt with. */
  taken(bytes: number): void {
    this.#stream.taken(bytes);
    // As soon as the other side may say much more, it is told.
    this.#sendSoon();
  }

  /** There is a new connection: what may have been lost with the old one is said again. */
  sayAgain(): void {
    this.#stream.sayAgain(this.#now());
    this.#send();
  }

  receive(frame: v1.TerminalFrame.$Properties): void {
    if (this.#over.signal.aborted) return;
    try {
      checkTerminalFrame(frame);
      const segment = this.#parts.seal.open(frame);
      if (segment === undefined) return;
      this.#heardAt = this.#now();
      this.#hasHeard = true;
      const heard = this.#stream.hear(segment, this.#heardAt);
      if (heard !== undefined) this.#parts.hear(heard);
      for (const wake of this.#onProgress) wake();
      this.#sendSoon();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#lose("tampered", error.message);
    }
  }

  /** Resolves when at most so many bytes wait to be heard, or the line is over. */
  async untilWaiting(most: number): Promise<void> {
    await this.#until(() => this.waiting <= most);
  }

  /** Resolves when the other side has heard everything, or after that time, milliseconds. */
  async untilHeard(within: number): Promise<void> {
    const done = new AbortController();
    await Promise.race([
      this.#until(() => this.#stream.isHeard).then(() => done.abort()),
      this.#parts.clock.sleep(within, done.signal),
    ]);
  }

  [Symbol.dispose](): void {
    this.#over.abort();
    for (const wake of this.#onProgress) wake();
  }

  async #until(is: () => boolean): Promise<void> {
    while (!is() && !this.#over.signal.aborted)
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#onProgress.delete(wake);
          resolve();
        };
        this.#onProgress.add(wake);
      });
  }

  #now(): number {
    return this.#parts.clock.monotonic();
  }

  #sendSoon(): void {
    if (this.#sent < AT_ONCE) this.#send();
  }

  #send(): void {
    if (this.#over.signal.aborted) return;
    const { command, seal, send } = this.#parts;
    for (const segment of this.#stream.due(this.#now())) {
      this.#sent++;
      send({ command, ...seal.seal(segment) });
    }
  }

  async #look(): Promise<void> {
    const { clock } = this.#parts;
    while (!this.#over.signal.aborted) {
      this.#sent = 0;
      this.#send();
      if (this.#now() - this.#heardAt >= TERMINAL_SILENCE)
        return this.#lose("unheard", `nothing was heard for ${TERMINAL_SILENCE / SECOND} s`);
      await clock.sleep(LOOK_EVERY, this.#over.signal);
    }
  }

  #lose(reason: "unheard" | "tampered", detail: string): void {
    if (this.#over.signal.aborted) return;
    this[Symbol.dispose]();
    this.#parts.lost(reason, detail);
  }
}

import { createHash, type Hash } from "node:crypto";
import { SECOND } from "./kit/clock.ts";

/** What a recording begins with. */
export interface RecordingHead {
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly title: string;
}

const LINE = "\n";
/** What the first line of a recording is chained to. */
export const RECORDING_ROOT = "0".repeat(64);

/** The head of the chain after some lines: SHA-256 over the head before them and the lines, hex. */
export const chainedRecording = (head: string, lines: string): string =>
  createHash("sha256").update(head).update(lines).digest("hex");

/**
 * Writes a terminal down as asciicast v2 (docs.asciinema.org/manual/asciicast/v2): a head, then one line for each thing that was
 * shown. What is no UTF-8 is U+FFFD in it, wherever it was cut.
 */
export class TerminalRecording {
  readonly #startedAt: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #shown: Hash = createHash("sha256");
  readonly head: string;

  /** `startedAt` and the times given later are those of one monotonic clock; `head` is the first line. */
  constructor({ columns, rows, startedAt, title }: RecordingHead, monotonic: number) {
    this.#startedAt = monotonic;
    const timestamp = Math.floor(startedAt / SECOND);
    this.head = JSON.stringify({ version: 2, width: columns, height: rows, timestamp, title }) + LINE;
  }

  /** The line of what was shown; empty when it only began a character. */
  output(bytes: Uint8Array, now: number): string {
    return this.#line(now, "o", this.#text(bytes, true));
  }

  size({ columns, rows }: { readonly columns: number; readonly rows: number }, now: number): string {
    return this.#line(now, "r", `${columns}x${rows}`);
  }

  /** The last lines: what is left of a torn character, and why it ended. */
  end(why: string, now: number): string {
    return this.#line(now, "o", this.#text(new Uint8Array(), false)) + this.#line(now, "m", why);
  }

  /** SHA-256 over all that was shown, as UTF-8: of two recordings of one terminal it is the same. Ends the recording. */
  shownHash(): Buffer {
    return this.#shown.digest();
  }

  #text(bytes: Uint8Array, stream: boolean): string {
    const text = this.#decoder.decode(bytes, { stream });
    this.#shown.update(text);
    return text;
  }

  #line(now: number, code: string, text: string): string {
    const seconds = Math.max(0, Math.round((now - this.#startedAt) * 1_000) / (1_000 * SECOND));
    return text === "" ? "" : JSON.stringify([seconds, code, text]) + LINE;
  }
}

/** SHA-256 over all that a recording says was shown, hex; what is no line of a recording counts for nothing. */
export function shownHashOf(lines: Iterable<string>): string {
  const hash = createHash("sha256");
  for (const line of lines) {
    if (!line.startsWith("[")) continue;
    const [, code, text] = JSON.parse(line) as readonly [number, string, string];
    if (code === "o") hash.update(text);
  }
  return hash.digest("hex");
}

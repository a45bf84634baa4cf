import { crc32 } from "node:zlib";
import type { Clock } from "@edgemere/protocol/kit";

const REMEMBERED = 40;

/** What happened, in order: a fingerprint of all of it and the end of it in words. */
export class Trace {
  readonly #clock: Pick<Clock, "monotonic">;
  #sum = 0;
  #last: string[] = [];
  /** How many events there were. */
  events = 0;
  /** What must never happen and did; the words that led to the first. */
  violation: { readonly what: string; readonly before: readonly string[] } | undefined;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** `content` goes into the fingerprint only. */
  tell(what: string, content?: Uint8Array): void {
    const line = `${(this.#clock.monotonic() / 1_000).toFixed(3)} ${what}`;
    this.#sum = crc32(line, this.#sum);
    if (content !== undefined) this.#sum = crc32(content, this.#sum);
    this.events += 1;
    this.#last.push(line);
    if (this.#last.length > 2 * REMEMBERED) this.#last = this.#last.slice(-REMEMBERED);
  }

  /** Something that must never happen. The first counts: what follows may be its consequence. */
  wrong(what: string): void {
    this.tell(`WRONG: ${what}`);
    this.violation ??= { what, before: this.#last.slice(-REMEMBERED) };
  }

  fingerprint(): string {
    return `${this.events}-${this.#sum.toString(16).padStart(8, "0")}`;
  }
}

/** The error among the fields of a log's line, in words. */
export const reasonIn = (fields: Readonly<Record<string, unknown>> | undefined): string => {
  const error = fields?.["error"];
  return error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(fields);
};

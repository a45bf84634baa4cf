import type { v1 } from "./messages.ts";
import { SECOND } from "./kit/clock.ts";

/** What one side of a terminal says to the other beside bytes. */
export type TerminalWord =
  | { readonly size: { readonly columns: number; readonly rows: number } }
  | { readonly end: TerminalEndWord };

export interface TerminalEndWord {
  /** A code of reasons.ts; empty when nothing was wrong. */
  readonly reason: string;
  readonly detail: string;
  readonly exitCode: number;
  readonly signal: string;
}

/** What was heard, in order and each thing once. */
export type TerminalHeard = { readonly data: Uint8Array } | TerminalWord;

/** Bytes under way from one side that the other has not dealt with yet: more is never sent. */
export const terminalWindows = {
  /** What a terminal shows: as much as a round trip of a tenth of a second needs. */
  up: 128 * 1024,
  /** What is typed. */
  down: 16 * 1024,
} as const;

const LARGEST_SEGMENT = 32 * 1024;
/** What is not acknowledged in this time is sent again. */
const SEND_AGAIN_AFTER = 2 * SECOND;
/** Each side says something this often, that the other knows it is there. */
const SIGN_OF_LIFE_EVERY = 5 * SECOND;
/** An acknowledgement waits this long for something to go with. */
const ACKNOWLEDGE_WITHIN = 50;

interface Said {
  readonly number: number;
  /** Counted from the beginning: where its data ends. */
  readonly upTo: number;
  readonly said: TerminalHeard;
}

/**
 * One side of a terminal: what it says arrives in order and once, over any number of lost connections, and never more of it is
 * under way than the other side has asked for. Decides only; times are those of a monotonic clock.
 */
export class TerminalStream {
  readonly #window: number;
  #credit: number;
  // What is to be said and has no number yet.
  #waiting: (Uint8Array | TerminalWord)[] = [];
  #waitingBytes = 0;
  // Numbered, and not acknowledged: the first of them `#sent` were sent since the last time all was sent anew.
  readonly #unacknowledged: Said[] = [];
  #sent = 0;
  #lastNumber = 0;
  #lastByte = 0;
  #progressAt = 0;
  #heardUpTo = 0;
  #takenBytes = 0;
  #toldCredit: number;
  #oweSince: number | undefined;
  #saidAt = -Infinity;

  /** `sends` and `hears`: windows of the two directions, as both sides know them. */
  constructor({ sends, hears }: { readonly sends: number; readonly hears: number }) {
    this.#credit = sends;
    this.#window = hears;
    this.#toldCredit = hears;
  }

  /** Bytes that were given to be said and are not known to have arrived. */
  get waiting(): number {
    const under = this.#unacknowledged.reduce((sum, { said }) => sum + ("data" in said ? said.data.length : 0), 0);
    return this.#waitingBytes + under;
  }

  /** The other side has everything. */
  get isHeard(): boolean {
    return this.#waiting.length === 0 && this.#unacknowledged.length === 0;
  }

  write(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#waiting.push(data);
    this.#waitingBytes += data.length;
  }

  say(word: TerminalWord): void {
    this.#waiting.push(word);
  }

  /** So many bytes of what was heard are dealt with: as many more may come. */
  taken(bytes: number): void {
    this.#takenBytes += bytes;
  }

  /** Of a connection that is new nothing was heard: what is not acknowledged goes out once more. */
  sayAgain(now: number): void {
    this.#sent = 0;
    this.#progressAt = now;
    this.#saidAt = -Infinity;
  }

  /** What a segment says that is next; nothing when it is old, or comes before its turn. */
  hear(
    { acknowledged, credit, number, ...said }: v1.TerminalSegment.$Properties,
    now: number,
  ): TerminalHeard | undefined {
    this.#heardAcknowledged(acknowledged ?? 0, now);
    // Both may come late: they only ever grow.
    this.#credit = Math.max(this.#credit, credit ?? 0);
    if (!number) return undefined;
    // What comes a second time was not heard to be acknowledged; what comes too early comes again.
    this.#oweSince ??= now;
    if (number !== this.#heardUpTo + 1) return undefined;
    this.#heardUpTo = number;
    return heardIn(said);
  }

  /** What is to be sent now. */
  due(now: number): readonly v1.TerminalSegment.$Properties[] {
    if (this.#sent > 0 && now - this.#progressAt >= SEND_AGAIN_AFTER) this.sayAgain(now);
    if (this.#sent === 0) this.#progressAt = now;
    while (this.#number());
    const fresh = this.#unacknowledged.slice(this.#sent);
    this.#sent = this.#unacknowledged.length;
    if (fresh.length === 0 && !this.#owes(now)) return [];
    const head = { acknowledged: this.#heardUpTo, credit: this.#takenBytes + this.#window };
    this.#toldCredit = head.credit;
    this.#oweSince = undefined;
    this.#saidAt = now;
    if (fresh.length === 0) return [{ ...head, number: 0 }];
    return fresh.map(({ number, said }) => ({ ...head, number, ...said }));
  }

  #owes(now: number): boolean {
    if (now - this.#saidAt >= SIGN_OF_LIFE_EVERY) return true;
    if (this.#takenBytes + this.#window - this.#toldCredit >= this.#window / 4) return true;
    return this.#oweSince !== undefined && now - this.#oweSince >= ACKNOWLEDGE_WITHIN;
  }

  #heardAcknowledged(upTo: number, now: number): void {
    const count = this.#unacknowledged.findIndex(({ number }) => number > upTo);
    const heard = count < 0 ? this.#unacknowledged.length : count;
    if (heard === 0) return;
    this.#unacknowledged.splice(0, heard);
    this.#sent = Math.max(0, this.#sent - heard);
    this.#progressAt = now;
  }

  /** Gives a number to what is next, as far as the other side has asked for it. */
  #number(): boolean {
    const [next] = this.#waiting;
    if (next === undefined) return false;
    if (!(next instanceof Uint8Array)) {
      this.#waiting.shift();
      this.#unacknowledged.push({ number: ++this.#lastNumber, upTo: this.#lastByte, said: next });
      return true;
    }
    const data = this.#cut(Math.min(LARGEST_SEGMENT, this.#credit - this.#lastByte));
    if (data.length === 0) return false;
    this.#lastByte += data.length;
    this.#unacknowledged.push({ number: ++this.#lastNumber, upTo: this.#lastByte, said: { data } });
    return true;
  }

  /** The next bytes that wait, neighbours joined, not more than that. */
  #cut(most: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let room = most;
    while (room > 0) {
      const [next] = this.#waiting;
      if (!(next instanceof Uint8Array)) break;
      parts.push(next.subarray(0, room));
      if (next.length > room) this.#waiting[0] = next.subarray(room);
      else this.#waiting.shift();
      room -= Math.min(room, next.length);
    }
    const data = Buffer.concat(parts);
    this.#waitingBytes -= data.length;
    return data;
  }
}

function heardIn({ data, size, end }: v1.TerminalSegment.$Properties): TerminalHeard | undefined {
  if (size) return { size: { columns: size.columns ?? 0, rows: size.rows ?? 0 } };
  if (end) {
    const { reason, detail, exitCode, signal } = end;
    return { end: { reason: reason ?? "", detail: detail ?? "", exitCode: exitCode ?? 0, signal: signal ?? "" } };
  }
  return data ? { data } : undefined;
}

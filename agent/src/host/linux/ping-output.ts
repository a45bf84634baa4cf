/** What became of one question. */
interface PingNews {
  /** Counts the questions from 1, in 16 bits. */
  readonly sequence: number;
  /** Milliseconds; undefined when there was no answer. */
  readonly latency: number | undefined;
}

// No line that says something is nearly so long.
const LONGEST_LINE = 256;
// Sequences that may still be heard of again: an answer that comes late, or twice.
const REMEMBERED = 64;

const ANSWER =
  /^\d{1,5} bytes from [^ ]{1,64}: icmp_seq=(\d{1,5}) (?:ttl|hlim)=\d{1,3} time=(\d{1,9}(?:\.\d{1,6})?) ms$/;
const NO_ANSWER = /^no answer yet for icmp_seq=(\d{1,5})$/;
const UNREACHABLE = /^From [^ ]{1,64} icmp_seq=(\d{1,5}) [A-Z][A-Za-z ,.:()=0-9]{0,100}$/;

/**
 * Reads what `ping -n -O` of iputils prints in the C locale, as it comes. Each question is told once: an answer that comes after it was
 * called lost, or comes twice, is not told. Lines that are none of these are left out, however long they are.
 */
export class PingOutput {
  #rest = "";
  #isTooLong = false;
  readonly #told = new Set<number>();

  take(text: string): readonly PingNews[] {
    const [first = "", ...others] = text.split("\n");
    const news: PingNews[] = [];
    this.#append(first);
    for (const each of others) {
      if (!this.#isTooLong) news.push(...this.#read(this.#rest));
      [this.#rest, this.#isTooLong] = ["", false];
      this.#append(each);
    }
    return news;
  }

  #append(part: string): void {
    this.#isTooLong ||= this.#rest.length + part.length > LONGEST_LINE;
    this.#rest = this.#isTooLong ? "" : this.#rest + part;
  }

  #read(line: string): readonly PingNews[] {
    const [, answered, time] = ANSWER.exec(line) ?? [];
    const sequence = answered ?? NO_ANSWER.exec(line)?.[1] ?? UNREACHABLE.exec(line)?.[1];
    if (sequence === undefined || this.#told.has(Number(sequence))) return [];
    this.#told.add(Number(sequence));
    const [oldest] = this.#told;
    if (this.#told.size > REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
    return [{ sequence: Number(sequence), latency: time === undefined ? undefined : Number(time) }];
  }
}

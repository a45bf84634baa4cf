import type { KeptRecord } from "./spool/kept-record.ts";

/** What of one stream is under way in one session: sent, and not yet acknowledged. */
export class Flight {
  #sent: readonly { readonly last: number; readonly bytes: number }[] = [];
  #next: number;
  #waitingSince = 0;

  /** `next` is the number to send first. */
  constructor(next: number) {
    this.#next = next;
  }

  get next(): number {
    return this.#next;
  }

  get bytes(): number {
    return this.#sent.reduce((sum, each) => sum + each.bytes, 0);
  }

  /** Since when the control plane owes an acknowledgement, on the monotonic clock; undefined when it owes none. */
  get waitingSince(): number | undefined {
    return this.#sent.length === 0 ? undefined : this.#waitingSince;
  }

  sent(records: readonly KeptRecord[], now: number): void {
    if (this.#sent.length === 0) this.#waitingSince = now;
    this.#sent = [...this.#sent, ...records.map(({ last, payload }) => ({ last, bytes: payload.length }))];
    this.#next = Math.max(this.#next, (records.at(-1)?.last ?? 0) + 1);
  }

  acknowledged(upTo: number, now: number): void {
    const left = this.#sent.filter((each) => each.last > upTo);
    // An acknowledgement that moves nothing is no sign of progress.
    if (left.length < this.#sent.length) this.#waitingSince = now;
    this.#sent = left;
    this.#next = Math.max(this.#next, upTo + 1);
  }
}

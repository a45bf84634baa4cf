import type { Passage } from "./road.ts";
import type { KeptRecord } from "./spool/kept-record.ts";

interface SentBatch {
  readonly bytes: number;
  readonly at: number;
  /** The answer may be one to an earlier sending, and tells nothing about this one. */
  readonly isAgain: boolean;
}

interface SentRecord {
  readonly last: number;
  readonly schema: string | undefined;
  readonly bytes: number;
  readonly batch: SentBatch;
}

/** What of one stream is under way in one session: sent, and not yet acknowledged. */
export class Flight {
  /** Records below this number were kept before the session began. */
  readonly backlogEnds: number;
  /** The schemas that the control plane has, since it has taken records that need them. */
  readonly #known = new Set<string>();
  #sent: readonly SentRecord[] = [];
  #next: number;
  #sentUpTo = 0;
  #waitingSince = 0;
  #resends = 0;

  constructor(position: { readonly firstUnacknowledged: number; readonly next: number }) {
    this.#next = position.firstUnacknowledged;
    this.backlogEnds = position.next;
  }

  /** The number to send next. */
  get next(): number {
    return this.#next;
  }

  get isBacklog(): boolean {
    return this.#next < this.backlogEnds;
  }

  get bytes(): number {
    return this.#sent.reduce((sum, each) => sum + each.bytes, 0);
  }

  /** How often all of it was sent anew without any progress. */
  get resends(): number {
    return this.#resends;
  }

  /** Since when the control plane owes an acknowledgement, on the monotonic clock; undefined when it owes none. */
  get waitingSince(): number | undefined {
    return this.#sent.length === 0 ? undefined : this.#waitingSince;
  }

  /** Whether the control plane has a schema, so that it need not be sent. */
  knows(schema: string): boolean {
    return this.#known.has(schema);
  }

  /** The control plane does not have these schemas. True when that is news: then they go with the records that are sent again. */
  forget(schemas: readonly string[]): boolean {
    return schemas.filter((schema) => this.#known.delete(schema)).length > 0;
  }

  sent(records: readonly KeptRecord[], now: number): void {
    const bytes = records.reduce((sum, { payload }) => sum + payload.length, 0);
    const batch = { bytes, at: now, isAgain: (records[0]?.first ?? 0) <= this.#sentUpTo };
    // More of it does not put off what is owed for the rest: one lost batch must not wait until nothing follows it.
    if (this.#sent.length === 0) this.#waitingSince = now;
    this.#sent = [
      ...this.#sent,
      ...records.map(({ last, schema, payload }) => ({ last, schema, bytes: payload.length, batch })),
    ];
    this.#next = Math.max(this.#next, (records.at(-1)?.last ?? 0) + 1);
    this.#sentUpTo = Math.max(this.#sentUpTo, this.#next - 1);
  }

  /** The broker has the newest batch: until then the road was busy with it, and where it is the only one, nothing was owed. */
  handedOver(now: number): void {
    if (this.#sent[0]?.batch === this.#sent.at(-1)?.batch) this.#waitingSince = now;
  }

  /** Gives the newest batch that this answers, when it answers one that was sent once. */
  acknowledged(upTo: number, now: number): { readonly batch: SentBatch; readonly passage: Passage } | undefined {
    const answered = this.#sent.filter((each) => each.last <= upTo);
    // An acknowledgement that moves nothing is no sign of progress.
    if (answered.length > 0) {
      this.#waitingSince = now;
      this.#resends = 0;
    }
    for (const { schema } of answered) if (schema !== undefined) this.#known.add(schema);
    this.#sent = this.#sent.filter((each) => each.last > upTo);
    this.#next = Math.max(this.#next, upTo + 1);
    const batch = answered.at(-1)?.batch;
    return batch === undefined || batch.isAgain
      ? undefined
      : { batch, passage: { bytes: batch.bytes, took: now - batch.at } };
  }

  /** Everything that is not acknowledged is sent once more: a broker may lose what it has taken. */
  again(firstUnacknowledged: number): void {
    this.#sent = [];
    this.#next = firstUnacknowledged;
    this.#resends += 1;
  }

  /** The control plane has said that it takes nothing for now: it is there, and owes no acknowledgement. */
  putOff(firstUnacknowledged: number): void {
    this.again(firstUnacknowledged);
    this.#resends = 0;
  }
}

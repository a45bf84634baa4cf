import { put, type Change } from "./change.ts";
import type { DomainEvent } from "./domain-event.ts";
import { forgottenUpTo } from "./event-retention.ts";
import { repeatOnConflict } from "./repeat.ts";
import type { Table } from "./resource.ts";
import type { Store } from "./store.ts";

const EVENTS = 500;
/** Events of which none mattered need no synced position each: after a restart they are heard again. */
const PASSED_BEFORE_SAVING = 1_000;

export interface Heard {
  /** Whose position it is. */
  readonly id: string;
  /** The last event that was heard. */
  readonly number: number;
}

interface Parts {
  readonly store: Store;
  readonly table: Table<Heard>;
  readonly id: string;
  /** What the first one ever to hear begins with; by default what happened before says nothing. */
  readonly begin?: "now" | "at the first event";
}

/** The place in the events up to which one who follows them has heard: each is heard in its order and at least once, also over a crash. */
export class EventPosition {
  readonly #parts: Parts;
  #heard: number | undefined;
  #saved: number | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Shows `hear` what happened since the last time, which may be nothing, and whether something of it is no longer known. It gives the changes that
   * land in one commit with the position, and nothing where no event mattered. It is asked again when a row moved meanwhile.
   */
  async follow(
    hear: (events: readonly DomainEvent[], isBlind: boolean) => Promise<readonly Change[] | undefined>,
  ): Promise<"settled" | "more"> {
    const { store } = this.#parts;
    const from = await this.#from();
    const isBlind = from < (await forgottenUpTo(store));
    const events = await store.events(from, EVENTS);
    const number = events.at(-1)?.number ?? from;
    await repeatOnConflict(async () => this.#save(number, await hear(events, isBlind)));
    return events.length === EVENTS ? "more" : "settled";
  }

  /** Nothing that has happened so far matters. */
  async pass(): Promise<"settled"> {
    await this.#from();
    await this.#save(this.#parts.store.lastNumber);
    return "settled";
  }

  async #from(): Promise<number> {
    const { store, table, id, begin = "now" } = this.#parts;
    if (this.#heard !== undefined) return this.#heard;
    this.#saved = (await store.get(table, id))?.number ?? (begin === "now" ? undefined : 0);
    return this.#saved ?? store.lastNumber;
  }

  async #save(number: number, changes?: readonly Change[]): Promise<void> {
    const { store, table, id } = this.#parts;
    const isDue = changes !== undefined || number - (this.#saved ?? -Infinity) >= PASSED_BEFORE_SAVING;
    // What only looked again at what it has needs no new position.
    if (isDue && (number !== this.#saved || (changes ?? []).length > 0)) {
      await store.commit(...(changes ?? []), put(table, { id, number }));
      this.#saved = number;
    }
    this.#heard = number;
  }
}

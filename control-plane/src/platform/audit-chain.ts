import { canonical, idOf, isSelfConsistent, type AuditEntry } from "./audit.ts";

/** What is wrong with a chain, and at which entry it shows first. */
export interface AuditFault {
  /** Number of the first entry that is wrong, or missing. */
  readonly entry: number;
  readonly place: "store" | "copy";
  readonly kind: "altered" | "deleted" | "inserted" | "reordered" | "truncated" | "unlinked" | "forged head";
  /** For an operator, in words. */
  readonly detail: string;
}

/** What stands under an id; no entry when it cannot be read as one. */
export interface Stored {
  readonly id: string;
  readonly entry: AuditEntry | undefined;
}

/** Behind which entry one begins; its hash where that is known. */
export interface Start {
  readonly number: number;
  readonly hash: string | undefined;
}

/** Follows one chain entry by entry: what each says of itself, where it stands, and whether it follows the one before. */
export class ChainCheck {
  readonly #place: AuditFault["place"];
  #number: number;
  /** Undefined after a fault: what follows cannot be held against what is wrong. */
  #hash: string | undefined;

  constructor(place: AuditFault["place"], after: Start) {
    this.#place = place;
    this.#number = after.number;
    this.#hash = after.hash;
  }

  /** Up to where it was followed. */
  get number(): number {
    return this.#number;
  }

  judge({ id, entry }: Stored): AuditFault | undefined {
    const number = Number(id);
    if (idOf(number) !== id || number <= this.#number)
      return this.#fault(
        this.#number,
        "inserted",
        `"${id}" stands behind entry ${this.#number} and is no number of one`,
      );
    const missing = this.#number + 1;
    const before = missing === number ? this.#hash : undefined;
    this.#number = number;
    this.#hash = undefined;
    if (missing < number) {
      if (entry !== undefined && isSelfConsistent(entry)) this.#hash = entry.hash;
      return this.#fault(missing, "deleted", `${entries(missing, number - 1)} missing, or cannot be read`);
    }
    if (entry === undefined) return this.#fault(number, "altered", `entry ${number} cannot be read`);
    if (!isSelfConsistent(entry))
      return this.#fault(number, "altered", `entry ${number} says other than when its hash was made`);
    if (entry.id !== id)
      return this.#fault(number, "reordered", `entry ${Number(entry.id)} stands in the place of entry ${number}`);
    this.#hash = entry.hash;
    if (before === undefined || entry.previous === before) return undefined;
    return this.#fault(
      number,
      "unlinked",
      `entry ${number} does not follow entry ${number - 1}: that one was replaced, or this one was put in, or some between them were taken out`,
    );
  }

  /** What comes next is not held against what was found wrong by other means. */
  forget(): void {
    this.#hash = undefined;
  }

  #fault(entry: number, kind: AuditFault["kind"], detail: string): AuditFault {
    return { entry, place: this.#place, kind, detail };
  }
}

/** Two chains that tell differently of one number; the entries after it help to say how it came so. */
export interface Difference {
  readonly number: number;
  readonly stored: AuditEntry;
  readonly copied: AuditEntry;
  readonly nextStored: AuditEntry | undefined;
  readonly nextCopied: AuditEntry | undefined;
}

/** What was done to the store, when the copy is believed. */
export function howTheyDiffer({ number, stored, copied, nextStored, nextCopied }: Difference): AuditFault {
  const isAhead = saysTheSame(stored, nextCopied);
  const isBehind = saysTheSame(nextStored, copied);
  const fault = (kind: AuditFault["kind"], detail: string) =>
    ({ entry: number, place: "store", kind, detail: `entry ${number} ${detail}` }) as const;
  if (isAhead && isBehind) return fault("reordered", `and the one after it changed places`);
  if (isAhead) return fault("deleted", "was taken out, and those after it were numbered anew");
  if (isBehind) return fault("inserted", "was put in, and those after it were numbered anew");
  return fault("altered", "says other than its copy, and was given a hash that fits");
}

/** Whether both tell of the same, whatever their numbers and hashes. */
const saysTheSame = (one: AuditEntry | undefined, other: AuditEntry | undefined): boolean =>
  one !== undefined && other !== undefined && contentOf(one) === contentOf(other);

const contentOf = ({ id: _, previous: __, hash: ___, ...content }: AuditEntry): string => canonical(content);

/** "entry 3 is", "entries 3 to 5 are". */
export const entries = (first: number, last: number): string =>
  first === last ? `entry ${first} is` : `entries ${first} to ${last} are`;

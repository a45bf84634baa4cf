import { createHash } from "node:crypto";
import { put, type Change } from "./change.ts";
import type { Store } from "./store.ts";
import { table } from "./resource.ts";

/** What somebody was allowed or refused to do, or what became of a right. Entries are chained: each carries the hash of the one before. */
export interface AuditEntry {
  /** The number, as 16 digits. */
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  readonly via: string;
  readonly action: string;
  /** done: what came of itself, or of an action that has an entry of its own. */
  readonly decision: "allowed" | "denied" | "done";
  /** What it is about, as `class:id`. Absent in entries of older versions, and where it is about no row. */
  readonly objects?: readonly string[];
  /** SHA-256 of each object's row as it was looked at; "" where there was none. */
  readonly before?: readonly string[];
  /** SHA-256 of each object's row as it is since. */
  readonly after?: readonly string[];
  /** In which state the object is since, where a right was taken away or given back. */
  readonly state?: string;
  /** SHA-256 of the input's canonical JSON without its secrets: proves later what was asked without keeping it. */
  readonly inputHash: string;
  readonly requestId: string;
  readonly previous: string;
  readonly hash: string;
}

export type AuditDraft = Omit<AuditEntry, "id" | "previous" | "hash" | "at" | "inputHash"> & {
  readonly input: unknown;
};

export const auditTable = table<AuditEntry>("audit");
/** What the first entry names as the hash before it. */
export const FIRST = "0".repeat(64);

/** A place in the chain: up to which entry, and its hash. */
export interface ChainPlace {
  readonly number: number;
  readonly hash: string;
}

/** Writes entries in order, each durable before the effect it speaks of. Those that come at once share a batch of the store. */
export class Audit {
  readonly #store: Store;
  readonly #now: () => number;
  /** Undefined when nobody knows what a failed write left: whoever writes next looks. */
  #tail: Promise<ChainPlace> | undefined;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Lands the entry, and the changes that must not be without it. */
  async record({ input, ...draft }: AuditDraft, ...changes: readonly Change[]): Promise<void> {
    const inputHash = sha256(canonical(input));
    let written: Promise<void> = Promise.resolve();
    const look = () => lastPlace(this.#store);
    // Whoever came before and could not look has written nothing.
    const next = (this.#tail?.catch(look) ?? look()).then(({ number, hash }) => {
      const body = { ...draft, id: idOf(number + 1), at: this.#now(), inputHash, previous: hash };
      const entry: AuditEntry = { ...body, hash: sha256(canonical(body)) };
      // Not waited for: the store lands commits in the order in which they come, and after one that failed none.
      written = this.#store.commit(put(auditTable, entry), ...changes);
      return { number: number + 1, hash: entry.hash };
    });
    this.#tail = next;
    try {
      await next;
      await written;
    } catch (error) {
      this.#tail = undefined;
      throw error;
    }
  }
}

export async function lastPlace(store: Store): Promise<ChainPlace> {
  const { items } = await store.list(auditTable, { reverse: true, limit: 1 });
  const last = items[0];
  return last ? placeOf(last) : { number: 0, hash: FIRST };
}

export const placeOf = ({ id, hash }: AuditEntry): ChainPlace => ({ number: Number(id), hash });

/** The id of the entry with this number: it sorts like the number. */
export const idOf = (number: number): string => String(number).padStart(16, "0");

/** Whether an entry's hash is that of what it says. */
export function isSelfConsistent(entry: AuditEntry): boolean {
  const { hash, ...body } = entry;
  return sha256(canonical(body)) === hash;
}

/** SHA-256 of a row's canonical JSON. */
export const hashOfRow = (row: object | undefined): string => (row === undefined ? "" : sha256(canonical(row)));

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** JSON with sorted keys, so that the same content has the same bytes (the idea of RFC 8785). */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  ) ?? "null";

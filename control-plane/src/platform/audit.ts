import { createHash } from "node:crypto";
import { put } from "./change.ts";
import type { Store } from "./store.ts";
import { table } from "./resource.ts";

/** What somebody was allowed or refused to do. Entries are chained: each carries the hash of the one before. */
export interface AuditEntry {
  /** The number, as 16 digits. */
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  readonly via: string;
  readonly action: string;
  readonly decision: "allowed" | "denied";
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
const FIRST = "0".repeat(64);

/** Writes entries in order, each durable before the effect it speaks of. */
export class Audit {
  readonly #store: Store;
  readonly #now: () => number;
  #tail: Promise<{ number: number; hash: string }>;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#tail = lastOf(store);
    // The first write reports a failed look; nobody waits for it before.
    this.#tail.catch(() => undefined);
  }

  async record({ input, ...draft }: AuditDraft): Promise<void> {
    const next = this.#tail.then(async ({ number, hash }) => {
      const body = {
        ...draft,
        id: String(number + 1).padStart(16, "0"),
        at: this.#now(),
        inputHash: sha256(canonical(input)),
        previous: hash,
      };
      const entry: AuditEntry = { ...body, hash: sha256(canonical(body)) };
      await this.#store.commit(put(auditTable, entry));
      return { number: number + 1, hash: entry.hash };
    });
    this.#tail = next.catch(() => lastOf(this.#store));
    this.#tail.catch(() => undefined);
    await next;
  }
}

/** The number of the first entry whose hash or link does not fit; undefined when the chain is whole. */
export async function firstBrokenEntry(store: Store): Promise<string | undefined> {
  let previous = FIRST;
  for await (const entry of store.scan(auditTable)) {
    const { hash, ...body } = entry;
    if (entry.previous !== previous || sha256(canonical(body)) !== hash) return entry.id;
    previous = hash;
  }
  return undefined;
}

async function lastOf(store: Store): Promise<{ number: number; hash: string }> {
  const { items } = await store.list(auditTable, { reverse: true, limit: 1 });
  const last = items[0];
  return last ? { number: Number(last.id), hash: last.hash } : { number: 0, hash: FIRST };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** JSON with sorted keys, so that the same content has the same bytes (the idea of RFC 8785). */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  ) ?? "null";

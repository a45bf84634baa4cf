import type { KeyObject } from "node:crypto";
import { auditTable, FIRST, idOf, isSelfConsistent, type AuditEntry } from "./audit.ts";
import { ChainCheck, entries, howTheyDiffer, type AuditFault, type Start, type Stored } from "./audit-chain.ts";
import type { AuditCopy, CopyLine } from "./audit-copy.ts";
import { auditHeads, isSignedBy, type SignedHead } from "./audit-heads.ts";
import { read } from "./batch.ts";
import { auditWitnesses } from "./audit-witnesses.ts";
import { keyOf, lastPart, rangeOf } from "./keys.ts";
import { Peekable } from "./peekable.ts";
import type { Store } from "./store.ts";

/** What a look at the audit log found. */
export interface AuditReport {
  /** Up to which entry it looked. */
  readonly checked: number;
  /** Number of the newest entry. */
  readonly entries: number;
  /** Signed heads that fit. */
  readonly heads: number;
  /** Entries that the copy has as well, and the same. */
  readonly compared: number;
  /** Devices whose countersigned head fits; told at the end of the log. */
  readonly witnesses: number;
  /** The first of each kind of trouble; none when all is whole. */
  readonly faults: readonly AuditFault[];
  /** Where to go on; absent when it was looked at to its end. */
  readonly next?: number;
}

export interface AuditSources {
  readonly store: Store;
  /** The second place; absent where there is none to compare with. */
  readonly copy?: Pick<AuditCopy, "lines">;
  /** Of the audit's own key either half; absent where heads cannot be checked. */
  readonly key?: KeyObject;
}

interface Part {
  /** Entries after this number. */
  readonly after?: number;
  /** At most so many entries. */
  readonly most?: number;
}

const MOST_FAULTS = 20;

/** Follows the chain of the store and that of the copy side by side, and holds both against the signed heads. */
export async function checkAudit(
  sources: AuditSources,
  { after = 0, most = Infinity }: Part = {},
): Promise<AuditReport> {
  await using look = new Look(sources, await startAt(sources.store, after));
  return await look.run(most);
}

class Look implements AsyncDisposable {
  readonly #sources: AuditSources;
  readonly #stored: Peekable<Stored>;
  readonly #copied: Peekable<CopyLine>;
  readonly #heads: Peekable<SignedHead>;
  readonly #chains: Readonly<Record<AuditFault["place"], ChainCheck>>;
  readonly #faults: AuditFault[] = [];
  #entry: AuditEntry | undefined;
  #fitting = 0;
  /** The furthest that a head of the store speaks of: heads are made of what is in the copy. */
  #signed = 0;
  #compared = 0;
  #witnesses = 0;
  #differs = false;

  constructor(sources: AuditSources, after: Start) {
    const { store, copy } = sources;
    this.#sources = sources;
    this.#stored = new Peekable(storedAfter(store, after.number));
    this.#copied = new Peekable(copy?.lines(after.number) ?? nothing());
    this.#heads = new Peekable(headsAfter(store, after.number));
    this.#chains = { store: new ChainCheck("store", after), copy: new ChainCheck("copy", after) };
  }

  async run(most: number): Promise<AuditReport> {
    const { store } = this.#chains;
    for (let count = 0; count < most; count++) {
      const item = await this.#stored.take();
      if (item === undefined) break;
      const fault = store.judge(item);
      this.#tell(fault);
      this.#entry = fault === undefined ? item.entry : undefined;
      await this.#others(store.number);
    }
    const isEnd = (await this.#stored.peek()) === undefined;
    if (isEnd) await this.#beyond();
    if (isEnd) await this.#askWitnesses();
    return {
      checked: store.number,
      entries: Math.max(store.number, await lastNumber(this.#sources.store)),
      heads: this.#fitting,
      compared: this.#compared,
      witnesses: this.#witnesses,
      faults: this.#faults,
      ...(!isEnd && { next: store.number }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [this.#stored, this.#copied, this.#heads]) await each[Symbol.asyncDispose]();
  }

  /** What the copy and the heads say of the entries up to a number. */
  async #others(number: number): Promise<void> {
    for (let line = await this.#copied.peek(); line !== undefined; line = await this.#copied.peek()) {
      if (numberOf(line) > number) break;
      await this.#copied.take();
      if ("head" in line) this.#head(line.head, "copy");
      else await this.#copy(line.entry);
    }
    for (let head = await this.#heads.peek(); head !== undefined; head = await this.#heads.peek()) {
      if (head.number > number) return;
      await this.#heads.take();
      this.#head(head, "store");
    }
  }

  async #copy(copied: AuditEntry): Promise<void> {
    const isSound = this.#copyFollows(copied);
    const stored = this.#entry;
    if (!isSound || stored?.id !== copied.id) return;
    if (stored.hash === copied.hash) {
      this.#compared++;
      this.#differs = false;
      return;
    }
    // A chain that was made anew differs from there on: told once.
    if (!this.#differs) {
      const [next, line] = [await this.#stored.peek(), await this.#copied.peek()];
      const nextCopied = line && "entry" in line ? line.entry : undefined;
      const number = Number(copied.id);
      this.#tell(howTheyDiffer({ number, stored, copied, nextStored: next?.entry, nextCopied }));
    }
    this.#differs = true;
    this.#chains.store.forget();
  }

  #copyFollows(copied: AuditEntry): boolean {
    const fault = this.#chains.copy.judge({ id: copied.id, entry: copied });
    this.#tell(fault);
    return fault === undefined;
  }

  #head(head: SignedHead, place: AuditFault["place"]): void {
    const { number, hash } = head;
    if (!this.#isSigned(head, place)) return;
    const entry = this.#entry;
    if (entry === undefined || Number(entry.id) !== number) return;
    if (entry.hash === hash) this.#fitting++;
    else if (!this.#faults.some((each) => each.place === "store" && each.entry <= number))
      this.#tell({
        entry: number,
        place: "store",
        kind: "altered",
        detail: `entry ${number} is not the one whose hash was signed: it or one before it was changed, and those after it were given hashes that fit`,
      });
  }

  #isSigned(head: SignedHead, place: AuditFault["place"]): boolean {
    const { key } = this.#sources;
    if (key === undefined) return false;
    if (isSignedBy(head, key)) {
      if (place === "store") this.#signed = Math.max(this.#signed, head.number);
      return true;
    }
    const detail = `the head that speaks of entry ${head.number} is not signed by the audit's key`;
    this.#tell({ entry: head.number, place, kind: "forged head", detail });
    return false;
  }

  /** What is known elsewhere of entries that are not here, or not in the copy. The newest may have come while we looked. */
  async #beyond(): Promise<void> {
    const { store, copy } = this.#chains;
    let furthest = 0;
    for (let line = await this.#copied.take(); line !== undefined; line = await this.#copied.take()) {
      const isTrue = "entry" in line ? this.#copyFollows(line.entry) : this.#isSigned(line.head, "copy");
      if (isTrue) furthest = Math.max(furthest, numberOf(line));
    }
    for (let head = await this.#heads.take(); head !== undefined; head = await this.#heads.take())
      if (this.#isSigned(head, "store")) furthest = Math.max(furthest, head.number);
    // A chain that was numbered anew has its end elsewhere; that it was is told.
    if (!this.#differs && furthest > store.number && (await lastNumber(this.#sources.store)) < furthest)
      this.#cutOff("store", store.number + 1, furthest);
    if (this.#sources.copy !== undefined && copy.number < this.#signed)
      this.#cutOff("copy", copy.number + 1, this.#signed);
  }

  /** What devices remember: each the newest head that it has countersigned. */
  async #askWitnesses(): Promise<void> {
    const { store } = this.#sources;
    for await (const { id, number, hash } of store.scan(auditWitnesses)) {
      if (number <= (await lastNumber(store)) && (await entryAt(store, number))?.hash === hash) this.#witnesses++;
      else
        this.#tell({
          entry: number,
          place: "store",
          kind: number > this.#chains.store.number ? "truncated" : "altered",
          detail: `entry ${number} is not the one that the device ${id} has countersigned: it or one before it was changed or cut off`,
        });
    }
  }

  #cutOff(place: AuditFault["place"], first: number, last: number): void {
    const detail = `${entries(first, last)} known elsewhere and missing here: the end was cut off`;
    this.#tell({ entry: first, place, kind: "truncated", detail });
  }

  #tell(fault: AuditFault | undefined): void {
    if (fault !== undefined && this.#faults.length < MOST_FAULTS) this.#faults.push(fault);
  }
}

const numberOf = (line: CopyLine): number => ("entry" in line ? Number(line.entry.id) : line.head.number);

/** Where a part begins; what the entry before it is worth was told with that one. */
async function startAt(store: Store, number: number): Promise<Start> {
  if (number === 0) return { number, hash: FIRST };
  const entry = await entryAt(store, number);
  return { number, hash: entry && isSelfConsistent(entry) ? entry.hash : undefined };
}

/** Undefined when there is none, or it cannot be read. */
async function entryAt(store: Store, number: number): Promise<AuditEntry | undefined> {
  for await (const { id, entry } of storedAfter(store, number - 1)) return id === idOf(number) ? entry : undefined;
  return undefined;
}

async function* storedAfter(store: Store, number: number): AsyncGenerator<Stored> {
  for await (const [key, bytes] of store.bytesBetween(rangeAfter(auditTable.name, number)))
    yield { id: lastPart(key), entry: entryIn(bytes) };
}

/** Behind the row of this number, and before whatever else begins like it. */
function rangeAfter(table: string, number: number) {
  const all = rangeOf("row", table);
  return number === 0 ? all : { ...all, gte: keyOf("row", table, `${idOf(number)}\u0001`) };
}

/** Of the newest entry, whether it can be read or not. */
async function lastNumber(store: Store): Promise<number> {
  for await (const [key] of store.bytesBetween({ ...rangeOf("row", auditTable.name), reverse: true, limit: 1 }))
    return Number(lastPart(key));
  return 0;
}

function entryIn(bytes: Uint8Array): AuditEntry | undefined {
  try {
    const entry = JSON.parse(Buffer.from(bytes).toString()) as AuditEntry | null;
    return typeof entry?.id === "string" && typeof entry.hash === "string" ? entry : undefined;
  } catch {
    return undefined;
  }
}

async function* headsAfter(store: Store, number: number): AsyncGenerator<SignedHead> {
  for await (const [, bytes] of store.bytesBetween(rangeAfter(auditHeads.name, number))) {
    const head = read<SignedHead>(bytes);
    if (head.number > number) yield head;
  }
}

async function* nothing(): AsyncGenerator<never> {}

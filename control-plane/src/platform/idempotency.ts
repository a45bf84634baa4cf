import { createHash } from "node:crypto";
import { DAY } from "@edgemere/protocol/kit";
import type { AnyAction } from "./action.ts";
import { canonical } from "./audit.ts";
import { nobody, type Caller } from "./caller.ts";
import { put, removed } from "./change.ts";
import { Problem } from "./problem.ts";
import { table } from "./resource.ts";
import type { Store } from "./store.ts";

interface Remembered {
  readonly id: string;
  readonly at: number;
  readonly inputHash: string;
  /** Absent when it was shown once. */
  readonly output?: unknown;
}

interface UnderWay {
  readonly inputHash: string;
  readonly output: Promise<unknown>;
}

const rememberedTable = table<Remembered>("idempotency", { at: ({ at }) => [[at]] });
const KEPT_FOR = DAY;

/** Does a keyed write once: the same key with the same input gets the first answer again, with another input a Conflict. */
export class Idempotency {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** `input` comes without its secrets: not even a hash of a password is kept here. */
  async once(
    { actor, idempotencyKey }: Caller,
    action: AnyAction,
    input: unknown,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    // Nobody is anybody: the keys of two strangers must not meet.
    if (idempotencyKey === undefined || actor === nobody.actor) return run();
    const id = hash(canonical([actor, idempotencyKey]));
    const inputHash = hash(canonical([action.path, input]));
    // Looked for before and after: it may end, or begin, while the store is asked.
    const before = this.#underWay.get(id);
    const known = before ?? (await this.#store.get(rememberedTable, id)) ?? this.#underWay.get(id);
    if (known === undefined) {
      const output = this.#runAndRemember({ id, inputHash, isShownOnce: action.isShownOnce ?? false }, run);
      this.#underWay.set(id, { inputHash, output });
      return output.finally(() => this.#underWay.delete(id));
    }
    if (known.inputHash !== inputHash)
      throw new Problem(
        "conflict",
        "this Idempotency-Key was used with another input; take a new key for a new request",
      );
    if (!("output" in known))
      throw new Problem(
        "conflict",
        "this was done already and its secret was shown once; revoke what it made and ask again with a new Idempotency-Key",
      );
    return known.output;
  }

  /** Forgets answers that nobody will ask for again. */
  async forgetOld(): Promise<void> {
    for await (const each of this.#store.scan(rememberedTable, { index: "at" })) {
      if (each.at > this.#now() - KEPT_FOR) return;
      await this.#store.commit(removed(rememberedTable, each.id));
    }
  }

  async #runAndRemember(
    { id, inputHash, isShownOnce }: { id: string; inputHash: string; isShownOnce: boolean },
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    const output = await run();
    const kept = { id, at: this.#now(), inputHash, ...(!isShownOnce && { output }) };
    await this.#store.commit(put(rememberedTable, kept));
    return output;
  }
}

const hash = (text: string) => createHash("sha256").update(text).digest("base64url");

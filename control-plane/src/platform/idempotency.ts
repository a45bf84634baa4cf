import { createHash } from "node:crypto";
import { DAY } from "@edgemere/protocol/kit";
import { canonical } from "./audit.ts";
import type { Caller } from "./caller.ts";
import { put, removed } from "./change.ts";
import { Problem } from "./problem.ts";
import { table } from "./resource.ts";
import type { Store } from "./store.ts";

interface Remembered {
  readonly id: string;
  readonly at: number;
  readonly inputHash: string;
  readonly output: unknown;
}

const rememberedTable = table<Remembered>("idempotency", { at: ({ at }) => [[at]] });
const KEPT_FOR = DAY;

/** Does a keyed write once: the same key with the same input gets the first answer again, with another input a Conflict. */
export class Idempotency {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async once(
    { actor, idempotencyKey }: Caller,
    path: string,
    input: unknown,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    if (idempotencyKey === undefined) return run();
    const id = hash(canonical([actor, idempotencyKey]));
    const inputHash = hash(canonical([path, input]));
    const known = await this.#store.get(rememberedTable, id);
    if (known !== undefined) {
      if (known.inputHash !== inputHash)
        throw new Problem(
          "conflict",
          "this Idempotency-Key was used with another input; take a new key for a new request",
        );
      return known.output;
    }
    const running = this.#underWay.get(id) ?? this.#runAndRemember(id, inputHash, run);
    this.#underWay.set(id, running);
    return running.finally(() => this.#underWay.delete(id));
  }

  /** Forgets answers that nobody will ask for again. */
  async forgetOld(): Promise<void> {
    for await (const each of this.#store.scan(rememberedTable, { index: "at" })) {
      if (each.at > this.#now() - KEPT_FOR) return;
      await this.#store.commit(removed(rememberedTable, each.id));
    }
  }

  async #runAndRemember(id: string, inputHash: string, run: () => Promise<unknown>): Promise<unknown> {
    const output = await run();
    await this.#store.commit(put(rememberedTable, { id, at: this.#now(), inputHash, output }));
    return output;
  }
}

const hash = (text: string) => createHash("sha256").update(text).digest("base64url");

import { createHash } from "node:crypto";
import { DAY } from "@edgemere/protocol/kit";
import type { AnyAction, Made } from "./action.ts";
import { canonical } from "./audit.ts";
import { nobody, type Caller } from "./caller.ts";
import { nothing, put, removed } from "./change.ts";
import { Problem } from "./problem.ts";
import { table } from "./resource.ts";
import type { Store } from "./store.ts";

interface Remembered {
  readonly id: string;
  readonly at: number;
  readonly inputHash: string;
  /** Until it is answered, only what was made can say whether it took effect: the process may have died in the middle. */
  readonly isAnswered: boolean;
  /** Id of what was made, kept in one commit with it. */
  readonly made?: string;
  /** Absent when it was shown once. */
  readonly output?: unknown;
}

/** What is asked for, and how it is answered again by the id of what was made, where that can be said. */
interface Keyed {
  readonly action: AnyAction;
  readonly again?: ((id: string) => Promise<unknown>) | undefined;
}

interface UnderWay {
  readonly inputHash: string;
  readonly output: Promise<unknown>;
}

const rememberedTable = table<Remembered>("idempotency", { at: ({ at }) => [[at]] });
const KEPT_FOR = DAY;

/**
 * Does a keyed write at most once: the same key with the same input gets the first answer again, with another input a
 * Conflict. That it begins is durable before its effect, so a crash in between leaves a Conflict too, and no second effect. What says
 * itself that it is there (Made) is answered after a crash, and done where it is not there.
 */
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
    keyed: Keyed,
    input: unknown,
    run: (made: Made) => Promise<unknown>,
  ): Promise<unknown> {
    // Nobody is anybody: the keys of two strangers must not meet.
    if (idempotencyKey === undefined || actor === nobody.actor) return run(nothing);
    const id = hash(canonical([actor, idempotencyKey]));
    const inputHash = hash(canonical([keyed.action.path, input]));
    for (let other = this.#underWay.get(id); other !== undefined; other = this.#underWay.get(id)) {
      if (other.inputHash === inputHash) return other.output;
      await other.output.catch(() => undefined);
    }
    const output = this.#answer(keyed, { id, inputHash }, run);
    this.#underWay.set(id, { inputHash, output });
    return output.finally(() => this.#underWay.delete(id));
  }

  /** Forgets answers that nobody will ask for again. */
  async forgetOld(): Promise<void> {
    for await (const each of this.#store.scan(rememberedTable, { index: "at" })) {
      if (each.at > this.#now() - KEPT_FOR) return;
      await this.#store.commit(removed(rememberedTable, each.id));
    }
  }

  async #answer(
    { action, again }: Keyed,
    { id, inputHash }: Pick<Remembered, "id" | "inputHash">,
    run: (made: Made) => Promise<unknown>,
  ): Promise<unknown> {
    const known = await this.#store.get(rememberedTable, id);
    const isUndone = again !== undefined && known?.isAnswered === false && known.made === undefined;
    if (known !== undefined && !isUndone) return answerOf(known, inputHash, again);
    const begun = { id, at: this.#now(), inputHash, isAnswered: false };
    await this.#store.commit(put(rememberedTable, begun));
    let output: unknown;
    try {
      output = await run((made) => put(rememberedTable, { ...begun, made }));
    } catch (error) {
      // A refusal is an answer: nothing was done, so the key is free. Of any other failure that cannot be said.
      if (error instanceof Problem && error.type !== "internal" && !(await this.#isMade(id)))
        await this.#store.commit(removed(rememberedTable, id)).catch(() => undefined);
      throw error;
    }
    await this.#store.commit(
      put(rememberedTable, { ...begun, isAnswered: true, ...(action.isShownOnce !== true && { output }) }),
    );
    return output;
  }

  /** Whether it is there although its maker was refused something after it. */
  async #isMade(id: string): Promise<boolean> {
    return (await this.#store.get(rememberedTable, id))?.made !== undefined;
  }
}

function answerOf(known: Remembered, inputHash: string, again: Keyed["again"]): unknown {
  if (known.inputHash !== inputHash)
    throw new Problem(
      "conflict",
      "this Idempotency-Key was used for another action or with another input; take a new key for a new request",
    );
  if (!known.isAnswered && known.made !== undefined && again !== undefined) return again(known.made);
  if (!known.isAnswered)
    throw new Problem(
      "conflict",
      "a request with this Idempotency-Key was under way when the control plane stopped, and nobody can say whether it took effect: look, and ask again with a new key if it did not",
    );
  if (!("output" in known))
    throw new Problem(
      "conflict",
      "this was done already and its secret was shown once; revoke what it made and ask again with a new Idempotency-Key",
    );
  return known.output;
}

const hash = (text: string) => createHash("sha256").update(text).digest("base64url");

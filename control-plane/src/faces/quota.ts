import type { Clock } from "@edgemere/protocol/kit";
import type { AnyAction } from "../platform/action.ts";
import { nobody } from "../platform/caller.ts";
import type { Dispatch } from "../platform/dispatch.ts";
import { Problem } from "../platform/problem.ts";
import { TokenBucket } from "../platform/token-bucket.ts";

/** Requests of one actor, over all its connections and addresses. */
const REQUESTS = { perSecond: 100, burst: 2_000 };
const AT_ONCE = 64;
/** Requests of one actor that wait for something to happen, beside those. */
const WAITING_AT_ONCE = 256;
const ACTORS_REMEMBERED = 10_000;

/** Requests for what is dear that are worked on at one time, of one actor and of all. */
const DEAR_AT_ONCE = { each: 2, all: 4 };

interface Used {
  readonly bucket: TokenBucket;
  running: number;
  waiting: number;
  /** Of those that run, how many are for what is dear. */
  dear: number;
}

/**
 * What one actor may ask, so that a program that has gone wrong takes nobody else's turn. Strangers are counted by address, at
 * the door. Requests for what is dear wait for each other.
 */
export function limitingActors({
  dispatch,
  clock,
  actions,
}: {
  readonly dispatch: Dispatch;
  readonly clock: Clock;
  readonly actions: readonly Pick<AnyAction, "path" | "isDear" | "mayWait">[];
}): Dispatch {
  const actors = new Map<string, Used>();
  const dear = new Set(actions.filter(({ isDear }) => isDear).map(({ path }) => path as string));
  const waiting = new Set(actions.filter(({ mayWait }) => mayWait).map(({ path }) => path as string));
  const turns = new DearTurns();
  const usedBy = (actor: string): Used => {
    const known = actors.get(actor);
    if (known !== undefined) return known;
    if (actors.size >= ACTORS_REMEMBERED)
      for (const [name, { running, waiting }] of actors) if (running + waiting === 0) actors.delete(name);
    const used = { bucket: new TokenBucket(REQUESTS, clock.monotonic()), running: 0, waiting: 0, dear: 0 };
    actors.set(actor, used);
    return used;
  };
  return async (path, input, caller) => {
    if (caller.actor === nobody.actor) return dispatch(path, input, caller);
    const used = usedBy(caller.actor);
    const kind = waiting.has(path) ? "waiting" : "running";
    const most = kind === "waiting" ? WAITING_AT_ONCE : AT_ONCE;
    if (used[kind] >= most)
      throw new Problem("too-many-requests", `more than ${most} requests of yours at once; wait for answers`, {
        retryAfter: 1,
      });
    if (!used.bucket.tryTake(1, clock.monotonic()))
      throw new Problem(
        "too-many-requests",
        `more than ${REQUESTS.perSecond} requests of yours in a second; slow down`,
        {
          retryAfter: 1,
        },
      );
    used[kind]++;
    try {
      if (!dear.has(path)) return await dispatch(path, input, caller);
      return await turns.take(used, () => dispatch(path, input, caller));
    } finally {
      used[kind]--;
    }
  };
}

/** Whose turn it is: first come, first served, but for those who have their share already. Nobody waits for more than others' requests. */
class DearTurns {
  readonly #waiting: { readonly used: Used; readonly begin: () => void }[] = [];
  #running = 0;

  async take<T>(used: Used, run: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ used, begin });
      this.#next();
    });
    try {
      return await run();
    } finally {
      this.#running--;
      used.dear--;
      this.#next();
    }
  }

  #next(): void {
    if (this.#running >= DEAR_AT_ONCE.all) return;
    const place = this.#waiting.findIndex(({ used }) => used.dear < DEAR_AT_ONCE.each);
    const [first] = place < 0 ? [] : this.#waiting.splice(place, 1);
    if (first === undefined) return;
    this.#running++;
    first.used.dear++;
    first.begin();
  }
}

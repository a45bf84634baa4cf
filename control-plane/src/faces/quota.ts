import type { Clock } from "@edgemere/protocol/kit";
import { nobody } from "../platform/caller.ts";
import type { Dispatch } from "../platform/dispatch.ts";
import { Problem } from "../platform/problem.ts";
import { TokenBucket } from "../platform/token-bucket.ts";

/** Requests of one actor, over all its connections and addresses. */
const REQUESTS = { perSecond: 100, burst: 2_000 };
const AT_ONCE = 64;
const ACTORS_REMEMBERED = 10_000;

interface Used {
  readonly bucket: TokenBucket;
  running: number;
}

/** What one actor may ask, so that a program that has gone wrong takes nobody else's turn. Strangers are counted by address, at the door. */
export function limitingActors(dispatch: Dispatch, clock: Clock): Dispatch {
  const actors = new Map<string, Used>();
  const usedBy = (actor: string): Used => {
    const known = actors.get(actor);
    if (known !== undefined) return known;
    if (actors.size >= ACTORS_REMEMBERED)
      for (const [name, { running }] of actors) if (running === 0) actors.delete(name);
    const used = { bucket: new TokenBucket(REQUESTS, clock.monotonic()), running: 0 };
    actors.set(actor, used);
    return used;
  };
  return async (path, input, caller) => {
    if (caller.actor === nobody.actor) return dispatch(path, input, caller);
    const used = usedBy(caller.actor);
    if (used.running >= AT_ONCE)
      throw new Problem("too-many-requests", `more than ${AT_ONCE} requests of yours at once; wait for answers`, {
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
    used.running++;
    try {
      return await dispatch(path, input, caller);
    } finally {
      used.running--;
    }
  };
}

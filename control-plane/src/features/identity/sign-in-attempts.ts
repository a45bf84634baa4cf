import { createHash } from "node:crypto";
import { HOUR, MINUTE, SECOND, type Clock } from "@edgemere/protocol/kit";
import { removed, replaced } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";

/** How often somebody failed to sign in, by name and address: who knows only a name cannot lock its owner out from elsewhere. */
interface Attempts {
  readonly id: string;
  readonly version: number;
  readonly count: number;
  readonly at: number;
}
const attempts = table<Attempts>("signinattempts", { at: ({ at }) => [[at]] });

const FREE_TRIES = 5;
const LONGEST_PAUSE = 15 * MINUTE;
const FORGOTTEN_AFTER = HOUR;

/** Milliseconds that must lie between a try and the one before it. */
export const pauseAfter = (tries: number): number =>
  tries < FREE_TRIES ? 0 : Math.min(SECOND * 2 ** (tries - FREE_TRIES), LONGEST_PAUSE);

const idOf = (name: string, address: string | undefined) =>
  createHash("sha256")
    .update(JSON.stringify([name, address]))
    .digest("base64url");

/** Counts a try before it is judged, so that many at once are not free. Throws Problem too-many-requests when it comes too soon. */
export async function countAttempt(
  { name, address }: { readonly name: string; readonly address: string | undefined },
  store: Store,
  clock: Clock,
): Promise<{ forget(): Promise<void> }> {
  const id = idOf(name, address);
  await repeatOnConflict(async () => {
    const known = await store.get(attempts, id);
    const { version = 0, count = 0, at = 0 } = known ?? {};
    // Measured against the pause itself, because the clock may have been set back since.
    const wait = Math.min(pauseAfter(count), at + pauseAfter(count) - clock.now());
    if (wait > 0) {
      const retryAfter = Math.ceil(wait / SECOND);
      throw new Problem("too-many-requests", `too many failed tries to sign in; try again in ${retryAfter} s`, {
        retryAfter,
      });
    }
    await store.commit(replaced(attempts, { id, version: version + 1, count: count + 1, at: clock.now() }, version));
  });
  return { forget: () => store.commit(removed(attempts, id)) };
}

export async function forgetOldAttempts(store: Store, now: number): Promise<void> {
  for await (const each of store.scan(attempts, { index: "at" })) {
    if (each.at > now - FORGOTTEN_AFTER) return;
    await store.commit(removed(attempts, each.id));
  }
}

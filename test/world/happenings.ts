import type { WatchedEvent, World } from "./world.ts";

const PATIENCE = 120_000;

/** The number of the newest event: what comes after it is still to happen. */
export const newestNumber = async ({ client }: World): Promise<number> =>
  (await client.call("ia/event/list", { limit: 1 })).next;

interface Wanted {
  /** `command.*`, `datarequest.satisfied` … */
  readonly types: readonly string[];
  readonly after: number;
  /** The last one that is waited for. */
  readonly until: (event: WatchedEvent) => boolean;
}

/** What happened after a number, in its order, as the live channel tells it. */
export async function happenings(world: World, { types, after, until }: Wanted): Promise<readonly WatchedEvent[]> {
  const seen: WatchedEvent[] = [];
  for await (const event of world.events(types, after, AbortSignal.timeout(PATIENCE))) {
    seen.push(event);
    if (until(event)) return seen;
  }
  throw new Error(`waited in vain; this happened: ${seen.map(({ type }) => type).join(", ")}`);
}

import { put, replaced, type Change } from "../../platform/change.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";

/**
 * The number before the first that a life of the control plane gives out: far above all that a former one may have
 * given after the backup was made that it was restored from.
 */
const firstOf = (generation: number): number => (generation - 1) * 2 ** 32;

/** The number of a device's next command, with the change that takes it. */
export async function nextNumber(store: Store, device: string, generation: number) {
  const counter = await store.get(counters, device);
  const sequence = Math.max(counter?.last ?? 0, firstOf(generation)) + 1;
  const row = { id: device, version: (counter?.version ?? 0) + 1, last: sequence };
  return { sequence, change: replaced(counters, row, counter?.version ?? 0) };
}

/** The last command number given out, per device: numbers are contiguous, so that a held-back command is seen. */
export const counters = table<{ readonly id: string; readonly version: number; readonly last: number }>(
  "commandcounter",
);

/** A rollout's row for a device: found without looking for it. */
export const targetId = (rollout: string, device: string): string => `${rollout}-${device}`;

/** A job of a rollout, which has one command, that ended and of which its rollout has not taken note. */
export interface EndedPart {
  /** The job. */
  readonly id: string;
  readonly rollout: string;
  readonly command: string;
}
export const endedParts = table<EndedPart>("endedpart", { rollout: ({ rollout, id }) => [[rollout, id]] });

/** When each rollout that is not over is looked at next. The loop that looks is the only one that writes it. */
export const rolloutDues = table<{ readonly id: string; readonly at: number }>("rolloutdue", {
  at: ({ at, id }) => [[at, id]],
});

/** Rollouts with news that their loop has not heard of. */
export const rolloutNews = table<{ readonly id: string }>("rolloutnews");

/** Has a rollout looked at in the next turn; in the commit of what there is to see. */
export const woken = (rollout: string): Change => put(rolloutNews, { id: rollout });

/** A device of a plan. */
export interface Member {
  readonly device: string;
  readonly wave: number;
  /** Its value of the label that the disruption budget speaks of. */
  readonly place: string;
  readonly stratum: string;
  /** What stands in its way for good; empty when nothing does. */
  readonly obstacle: string;
}

/** The members of a plan, some hundred a row: `<plan>-<number of the part>`. */
export const planParts = table<{ readonly id: string; readonly members: readonly Member[] }>("planpart");
export const partId = (plan: string, part: number): string => `${plan}-${part}`;

/** How a device fared in rollouts, by its id: `failedAt` are its own failures of the last day. */
export const conducts = table<{
  readonly id: string;
  readonly failedAt: readonly number[];
  readonly boxedUntil: number;
}>("rolloutconduct");

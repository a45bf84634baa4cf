import { limits } from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { SessionNews } from "../../platform/feature.ts";
import type { Device } from "./contract.ts";

/** After a will, how long a device may take to come back before it counts as offline. */
export const RECHECK_AFTER = 5 * SECOND;
/** After a start of the control plane, how long devices may take to come back: 1.5 × the longest keepalive. */
export const RETURN_WITHIN = 1.5 * limits.keepalive;
/** More comings and goings than so many within this time are called flapping, and end when there were none for as long. */
const CHANGES_AT_MOST = 5;
export const FLAPPING_WITHIN = 10 * MINUTE;

/** Whether a device can be heard, however often that changes. */
export type Sight = Exclude<Device["presence"], "flapping">;

/** What is remembered of a device's comings and goings. */
export interface Sighting {
  readonly sight: Sight;
  /** Epoch of the newest session there was news of. */
  readonly epoch: number;
  /** When it came or went last, as often as it takes to tell flapping. */
  readonly changes: readonly number[];
}

/** What news of a session mean; undefined when they are late or change nothing. */
export function sightAfter({ sight, epoch }: Sighting, news: SessionNews): Sight | undefined {
  if (news.kind === "opened") return "online";
  if (news.epoch < epoch || sight === "offline") return undefined;
  return news.reason === "stopped" ? "offline" : "silent";
}

/** A device that is seen so now. That a silent one is given up is no new going. */
export function sighted(before: Sighting, sight: Sight, now: number): Sighting {
  const isChange = (sight === "online") !== (before.sight === "online");
  const changes = isChange ? [...before.changes, now].slice(-CHANGES_AT_MOST - 1) : before.changes;
  return { ...before, sight, changes };
}

/** What is shown and told of a device: while it flaps, that and nothing else. */
export function presenceOf(shown: Device["presence"], { sight, changes }: Sighting, now: number): Device["presence"] {
  const [oldest = 0] = changes;
  // The distance, not the difference: the wall clock may step back.
  const isFlapping = changes.length > CHANGES_AT_MOST && Math.abs(now - oldest) < FLAPPING_WITHIN;
  return shown === "flapping" || isFlapping ? "flapping" : sight;
}

/** How a device must be seen that was without news for `stillFor` milliseconds; undefined as long as nothing changes. */
export function sightInTime(
  shown: Device["presence"],
  {
    hasSession,
    stillFor,
    isSinceStart = false,
  }: {
    readonly hasSession: boolean;
    readonly stillFor: number;
    /** It was so when the control plane started, which may be why: then nobody could come back until now. */
    readonly isSinceStart?: boolean;
  },
): Sight | undefined {
  if (shown === "flapping") return stillFor < FLAPPING_WITHIN ? undefined : hasSession ? "online" : "offline";
  if (hasSession || shown === "offline") return undefined;
  if (shown === "online") return stillFor < RETURN_WITHIN ? undefined : "silent";
  return stillFor < (isSinceStart ? RETURN_WITHIN : RECHECK_AFTER) ? undefined : "offline";
}

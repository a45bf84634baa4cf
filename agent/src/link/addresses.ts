import { limits } from "@edgemere/protocol";
import type { Failure } from "./reconnect.ts";

/** Where a device stands in the list of its control plane's addresses. */
export interface Round {
  /** In use, or tried next. */
  readonly address: string;
  /** How the tries of this round failed. */
  readonly failures: readonly Failure[];
}

/** What comes next, and what the round came to when it is over: only then a device pauses. */
interface Turn {
  readonly round: Round;
  readonly over?: Failure;
}

/** Who asks for a pause gets it; who refuses this device may be another control plane than the one that is only away for a moment. */
const weights: Readonly<Record<Failure["kind"], number>> = { refused: 0, unreachable: 1, lost: 1, busy: 2 };

export const firstRound = ([address = ""]: readonly string[]): Round => ({ address, failures: [] });

/**
 * After a try or a session that ended: a try that failed goes on to the next address at once, so a dead one keeps nobody from one
 * that works. Each is tried once in a round, and pauses lie between rounds: several addresses do not make a device louder at any of them.
 * An address that gave a session is the first of the next round.
 */
export function afterEnd({ address, failures }: Round, failure: Failure, addresses: readonly string[]): Turn {
  const { lasted = 0 } = failure;
  if (lasted > 0) return { round: { address, failures: [] }, over: failure };
  const next = addresses[(addresses.indexOf(address) + 1) % addresses.length] ?? address;
  const failed = [...failures, failure];
  if (failed.length < addresses.length) return { round: { address: next, failures: failed } };
  return { round: { address: next, failures: [] }, over: gistOf(failed, failure) };
}

/**
 * The list after the control plane has told its addresses; undefined when it says nothing that can be used. One of the list that is in use
 * stays: it works, whatever somebody wrote by mistake.
 */
export function addressesAfter(told: readonly string[], inUse: string | undefined): readonly string[] | undefined {
  const usable = told.filter(isBrokerAddress).slice(0, limits.brokerAddresses);
  if (usable.length === 0) return undefined;
  return [...new Set(inUse === undefined ? usable : [...usable, inUse])];
}

/** Whether it is `mqtts://host:port`. */
export const isBrokerAddress = (text: string): boolean => URL.canParse(text) && new URL(text).protocol === "mqtts:";

const gistOf = (failures: readonly Failure[], last: Failure): Failure =>
  failures.reduce((gist, each) => (weights[each.kind] > weights[gist.kind] ? each : gist), last);

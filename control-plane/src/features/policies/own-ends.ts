import { commandLife, isFinalPhase, phaseNames, type CommandReport } from "@edgemere/protocol";
import { put, updated, type Change } from "../../platform/change.ts";
import type { Received } from "../../platform/feature.ts";
import { reportIn } from "../../platform/reported.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { ownEnds, type OwnEnd } from "./device-packs-tables.ts";
import type { Done } from "./effect-contract.ts";

/** How commands are called that devices ask of themselves. */
const OWN = /^policy-\d+-\d+$/;
/** A device asks no more of itself in an hour; what it makes up beside pushes out its own. */
const MOST_ENDS = 20;

/**
 * Takes in how commands ended that devices asked of themselves. A result may come before the word that tells what it is of: the newest ends of a
 * device are kept for that.
 */
export async function receiveOwnEnds(
  { device, records }: Received,
  { store }: PoliciesContext,
): Promise<readonly Change[]> {
  const fresh = records.flatMap(reportIn).flatMap(endOf);
  if (fresh.length === 0) return [];
  const kept = (await store.get(ownEnds, device))?.ends ?? [];
  const changes = [put(ownEnds, { id: device, ends: [...kept, ...fresh].slice(-MOST_ENDS) })];
  for await (const row of store.scan(alert, { index: "device", prefix: [device] })) {
    const { done = [] } = row;
    if (fresh.some(({ command }) => done.some(({ made }) => made === command)))
      changes.push(updated(alert, row, { done: [...withEnds(done, fresh)] }));
  }
  return changes;
}

/** What a device did by itself, with how it ended as far as that is known. */
export const withEnds = (done: readonly Done[], ends: readonly OwnEnd[]): readonly Done[] =>
  done.map((each) => {
    const end = ends.findLast(({ command }) => command === each.made);
    if (end === undefined) return each;
    return { ...each, ended: end.state, ...(end.why !== "" && { problem: end.why }) };
  });

function endOf({ command, phase, reason, detail }: CommandReport): readonly OwnEnd[] {
  const signal = phaseNames[phase];
  if (!OWN.test(command) || signal === undefined || !isFinalPhase(phase)) return [];
  const why = [reason, detail].filter((each) => each !== "").join(": ");
  return [{ command, state: commandLife.next("journaled", signal), why }];
}

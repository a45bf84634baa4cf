import type { InputOf, OutputOf } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import { device, type Device } from "../devices/contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import type { PoliciesContext } from "./context.ts";
import type { Policy } from "./contract.ts";
import { madeForGroups } from "./group-policy.ts";
import { replayedGroups, type PastDevice } from "./group-replay.ts";
import { memberSelectorOf } from "./group-members.ts";
import { historyOf, POINTS } from "./history.ts";
import type { dryRunPolicy } from "./looking-contract.ts";
import { groupOf } from "./per.ts";
import { watches } from "./watched-policy.ts";

/** All devices of the groups are looked at together, so that all that is stored of them is in memory. */
const SAMPLES_AT_MOST = 300_000;

type Range = Required<Pick<InputOf<typeof dryRunPolicy>, "devices">> & { readonly from: number; readonly to: number };

/** Where and when a policy about groups would have fired. */
export async function dryRunOfGroups(
  draft: Policy,
  { from, to, devices: most }: Range,
  context: PoliciesContext,
): Promise<OutputOf<typeof dryRunPolicy>> {
  const ready = madeForGroups(draft, await memberSelectorOf(draft, context));
  if (ready.condition.events.length > 0)
    throw new Problem(
      "invalid-input",
      "a dry run about groups does not look back at events: write the condition without happened()",
    );
  const { metrics, windows } = ready.condition;
  const back = Math.max(ready.freshFor, ...windows.map(({ span }) => span));
  const picked: PastDevice[] = [];
  let [count, isWhole] = [0, true];
  for await (const row of context.store.scan(device)) {
    if (!isIn(row)) continue;
    if (picked.length === most) {
      isWhole = false;
      break;
    }
    const samples =
      metrics.size === 0 ? [] : await historyOf({ device: row.id, metrics, from: from - back, to }, context);
    isWhole &&= samples.every(({ at }) => at.length < POINTS);
    count += samples.reduce((sum, { at }) => sum + at.length, 0);
    if (count > SAMPLES_AT_MOST)
      throw new Problem(
        "invalid-input",
        `more than ${SAMPLES_AT_MOST} samples would be looked at together: choose fewer devices or less time`,
      );
    picked.push({ row, samples });
  }
  // Whoever reads waits, and others do what they have to.
  const turn = () => context.store.list(device, { limit: 1 });
  const episodes = await replayedGroups(ready, picked, { from, to, turn });
  const fired = [...episodes].map(([name, all]) => ({ device: "", group: name, name, episodes: [...all] }));
  return { from, to, devices: picked.length, isWhole, fired };

  function isIn(row: Device): boolean {
    const view = viewOf(row);
    return watches(ready, row, view) && groupOf(ready.per, row, view, ready.members) !== undefined;
  }
}

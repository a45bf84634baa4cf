import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { unlessMoved } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import { alert, OF_GROUPS } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { decidedOfGroup, isOfGroup } from "./group-deciding.ts";
import { keyOf, placeOf, type GroupWatch, type Place } from "./group-watch.ts";

/** Devices that one step takes in: nobody else waits for long. */
const STEP = 100;

/**
 * Looks at groups of which something changed, each once for all that changed. Nothing is decided before every device was taken in: after a start, and
 * after a policy about groups changed, half a group would say what the whole does not.
 */
export const lookAfterGroups = (context: PoliciesContext): Loop => ({
  name: "look after groups",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "look after groups", error }),
  step: async () => {
    const { groups } = await context.watch.policies(context);
    if (!groups.isWhole) {
      await takeIn(groups, context);
      return "more";
    }
    const now = context.clock.now();
    for (const id of groups.due.take(now)) await take(id, groups, context);
    for (const key of groups.silence.take(now)) groups.lookAt(placeOf(key));
    for (let left = groups.changed; left > 0; left--) {
      const place = groups.takeChanged();
      if (place !== undefined) await decide(place, groups, context);
    }
    return "settled";
  },
});

async function decide(place: Place, groups: GroupWatch, context: PoliciesContext): Promise<void> {
  try {
    await context.store.commit(...(await decidedOfGroup(place, groups, context)));
  } catch (error) {
    // It is looked at again: somebody else was there first, or the disk was full.
    groups.lookAt(place);
    unlessMoved(error);
  }
}

async function takeIn(groups: GroupWatch, context: PoliciesContext): Promise<void> {
  const { store, clock, watch } = context;
  const after = groups.takenUpTo ?? "";
  const { items } =
    groups.policies.length === 0
      ? { items: [] }
      : await store.list(device, { limit: STEP, ...(after !== "" && { from: `${after}\u0000` }) });
  for (const { id } of items) await take(id, groups, context);
  groups.takenUpTo = items.at(-1)?.id;
  if (!groups.isWhole) return;
  // Of what is not there any more nobody would hear otherwise.
  for await (const row of store.scan(alert, { index: "open", prefix: [OF_GROUPS] })) {
    const place = { policy: row.policy, group: row.group ?? "" };
    groups.open.add(keyOf(place));
    if (!isOfGroup(row, groups)) groups.lookAt(place);
  }
  for (const policy of groups.policies)
    for (const { name: group } of groups.of(policy.name)?.all ?? []) {
      groups.lookAt({ policy: policy.name, group });
      // Whoever has not been heard by then is not waited for any more.
      groups.silence.set(keyOf({ policy: policy.name, group }), watch.since(clock.now()) + policy.freshFor);
    }
}

async function take(id: string, groups: GroupWatch, context: PoliciesContext): Promise<void> {
  const known = await context.watch.known(id, context);
  if (known !== undefined) context.watch.asked.add([], groups.take(known, context.clock.now()));
}

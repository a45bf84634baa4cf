import { handle } from "../../platform/action.ts";
import { resolve } from "../../platform/reference.ts";
import { device as deviceResource, type Device } from "../devices/contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import type { AdmissionPolicy } from "./admission-policy.ts";
import { listConflicts, type Conflict } from "./conflict-contract.ts";
import { conflictsOf, type Claim } from "./conflicts.ts";
import type { PoliciesContext } from "./context.ts";
import { policy } from "./contract.ts";
import type { GroupPolicy } from "./group-policy.ts";
import { watches, type WatchedPolicy } from "./watched-policy.ts";

const EXAMPLES = 5;
type Claiming = AdmissionPolicy | WatchedPolicy | GroupPolicy;

export const conflictActions = [
  handle(listConflicts, async ({ policy: ref }, context: PoliciesContext) => {
    const only = ref === undefined ? undefined : (await resolve(context.store, policy, ref)).name;
    return { conflicts: [...(await allConflicts(context, { only }))] };
  }),
];

interface Wanted {
  /** Only those of this policy. */
  readonly only?: string | undefined;
  /** Only those on this device: no other is looked at. */
  readonly on?: Device;
}

/** Policies that are at odds now. */
export async function allConflicts(context: PoliciesContext, { only, on }: Wanted = {}): Promise<readonly Conflict[]> {
  const { all, asking, groups } = await context.watch.policies(context);
  // What says nothing that another could contradict is not looked at.
  const claiming = [...[...all, ...groups.policies].filter(({ row }) => (row.effects ?? []).length > 0), ...asking];
  if (claiming.length < 2 || (only !== undefined && !claiming.some(({ row }) => row.name === only))) return [];
  const { claims, names } = await claimsOf(claiming, on === undefined ? context.store.scan(deviceResource) : [on]);
  const pairs = claims.flatMap((one, place) => claims.slice(place + 1).map((other) => [one, other] as const));
  return pairs
    .filter((pair) => only === undefined || pair.some(({ name }) => name === only))
    .flatMap(([one, other]) => conflictsOf(one, other))
    .map(({ shared, ...each }) => {
      const examples = shared.slice(0, EXAMPLES).map((id) => names.get(id) ?? id);
      return { ...each, policies: [...each.policies], devices: shared.length, examples };
    });
}

/** The devices are looked at once for all of them. */
async function claimsOf(policies: readonly Claiming[], devices: AsyncIterable<Device> | Iterable<Device>) {
  const names = new Map<string, string>();
  const about = policies.map((each) => ("condition" in each || each.isAboutDevices ? new Set<string>() : undefined));
  for await (const row of devices) {
    if (row.state === "retired") continue;
    const view = viewOf(row);
    names.set(row.id, row.name);
    for (const [place, each] of policies.entries())
      if ("condition" in each ? watches(each, row, view) : each.selector?.matches(view) !== false)
        about[place]?.add(row.id);
  }
  const claims = policies.map((each, place): Claim => {
    const looksAt = "condition" in each ? lookedAtBy(each) : new Set<string>();
    return { ...each.row, looksAt, devices: about[place] };
  });
  return { claims, names };
}

const lookedAtBy = ({ condition: { metrics, events } }: WatchedPolicy | GroupPolicy): ReadonlySet<string> =>
  new Set([...metrics, ...events.map(({ type }) => type)]);

import { handle } from "../../platform/action.ts";
import { updated } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { pageOfMatches } from "../../platform/pages.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Reach } from "../../platform/scopes.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { acknowledgeAlert, alert, findAlert, listAlerts, type Alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";

const openStates = alert.life.states.filter((each) => each !== "resolved");

export const alertActions = [
  handle(findAlert, async ({ alert: id }, { store }: PoliciesContext) => resolve(store, alert, id)),
  handle(listAlerts, async ({ device: refs, state, since, limit = 50, cursor }, context: PoliciesContext, caller) => {
    const { store, scopes } = context;
    const reach = scopes.reachOf(caller, listAlerts.permission);
    const states = state ?? (since === undefined ? openStates : alert.life.states);
    const isWanted = (row: Alert) =>
      states.some((each) => each === row.state) && (since === undefined || (row.firedAt ?? -Infinity) >= since);
    if (refs !== undefined) return { items: await ofDevices(refs, isWanted, { store, reach }) };
    const isOpenOnly = !states.includes("resolved");
    const walk = store.walk(alert, { ...(isOpenOnly && { index: "open" }), cursor });
    return pageOfMatches(walk, async (row) => isWanted(row) && (await reach.coversOwned(alert, row)), limit);
  }),
  handle(acknowledgeAlert, async ({ alert: id }, { store }: PoliciesContext, { actor }) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, alert, id);
      if (row.state === "resolved")
        throw new Problem("conflict", `the alert ${row.id} is over: nobody has to look after it`);
      if (row.acknowledgedBy === actor) return row;
      await store.commit(updated(alert, row, { acknowledgedBy: actor }, "acknowledged"));
      return resolve(store, alert, id);
    }),
  ),
];

/** All that is wanted of some devices. */
async function ofDevices(
  refs: readonly string[],
  isWanted: (row: Alert) => boolean,
  { store, reach }: { readonly store: Store; readonly reach: Reach },
): Promise<Alert[]> {
  const found: Alert[] = [];
  for (const ref of refs) {
    const { id } = await resolve(store, device, ref);
    for await (const row of store.scan(alert, { index: "device", prefix: [id] }))
      if (isWanted(row) && (await reach.coversOwned(alert, row))) found.push(row);
  }
  return found;
}

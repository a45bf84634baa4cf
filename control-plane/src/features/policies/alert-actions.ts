import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { updated } from "../../platform/change.ts";
import { ask } from "../../platform/dispatch.ts";
import { explainedBy } from "../../platform/explanation.ts";
import { Problem } from "../../platform/problem.ts";
import { pageOfMatches } from "../../platform/pages.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { compileSelector, viewOf } from "../devices/selector-contract.ts";
import * as contract from "./alert-contract.ts";
import { causesOf, type Looking } from "./alert-causes.ts";
import type { PoliciesContext } from "./context.ts";
import { policy, type Policy } from "./contract.ts";
import { explainGroup } from "./group-contract.ts";
import { explainPolicy } from "./looking-contract.ts";
import { isPerGroup } from "./per.ts";
import { steps } from "./tables.ts";

const { acknowledgeAlert, alert, explainAlert, findAlert, listAlerts, listAlertSteps, summarizeAlerts } = contract;
type Alert = contract.Alert;

const openStates = alert.life.states.filter((each) => each !== "resolved");

export const alertActions = [
  handle(findAlert, async ({ alert: id }, { store }: PoliciesContext) => resolve(store, alert, id)),
  handle(listAlerts, async (asked, context: PoliciesContext, caller) => {
    const { device: refs, state, since, policy: name, selector = "", limit = 50, cursor } = asked;
    const { store, scopes } = context;
    const reach = scopes.reachOf(caller, listAlerts.permission);
    const states = state ?? (since === undefined ? openStates : alert.life.states);
    const isPicked = pickedBy(selector, store);
    const isWanted = async (row: Alert) =>
      states.some((each) => each === row.state) &&
      (name === undefined || row.policy === name) &&
      (since === undefined || (row.firedAt ?? -Infinity) >= since) &&
      (await isPicked(row)) &&
      reach.coversOwned(alert, row);
    if (refs !== undefined) return { items: await ofDevices(refs, isWanted, store) };
    const isOpenOnly = !states.includes("resolved");
    const walk = store.walk(alert, { ...(isOpenOnly && { index: "open" }), cursor });
    return pageOfMatches(walk, isWanted, limit);
  }),
  handle(summarizeAlerts, async (_, { store, scopes }: PoliciesContext, caller) => {
    const reach = scopes.reachOf(caller, summarizeAlerts.permission);
    const rows: Alert[] = [];
    for await (const row of store.scan(alert, { index: "open" }))
      if (await reach.coversOwned(alert, row)) rows.push(row);
    const policies = new Map<string, Alert[]>();
    for (const row of rows) policies.set(row.policy, [...(policies.get(row.policy) ?? []), row]);
    return {
      states: countedBy(rows, "state"),
      severities: countedBy(rows, "severity"),
      policies: Object.fromEntries([...policies].map(([name, of]) => [name, countedBy(of, "state")])),
    };
  }),
  handle(listAlertSteps, async ({ alert: id }, { store }: PoliciesContext) => {
    const { items } = await store.list(steps, { index: "alert", prefix: [(await resolve(store, alert, id)).id] });
    return { steps: items.map(({ at, state, reason, looked, episode }) => ({ at, state, reason, looked, episode })) };
  }),
  handle(explainAlert, async ({ alert: id }, context: PoliciesContext, caller) => {
    const { store } = context;
    const row = await resolve(store, alert, id);
    const watching = await store.get(policy, row.policy);
    const looking = await lookingAt(row, watching, caller, context);
    return {
      ...explainedBy(...causesOf(row, watching, looking)),
      state: row.state,
      ...(looking?.looked && { looked: looking.looked }),
      ...(looking && "deciding" in looking && looking.deciding && { deciding: looking.deciding }),
    };
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

/** What its policy says now of the device or of the group; undefined where it is about such no more. */
async function lookingAt(
  { policy: name, device: id, group }: Alert,
  watching: Policy | undefined,
  caller: Caller,
  context: PoliciesContext,
): Promise<Looking | undefined> {
  if (watching === undefined || isPerGroup(watching) !== (group !== undefined)) return undefined;
  if (group !== undefined) return ask(explainGroup, { group, policy: name }, caller, context);
  return id === undefined ? undefined : ask(explainPolicy, { device: id, policy: name }, caller, context);
}

const countedBy = (rows: readonly Alert[], field: "state" | "severity"): Record<string, number> => {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row[field], (counts.get(row[field]) ?? 0) + 1);
  return Object.fromEntries(counts);
};

/** Whether a selector picks the device of an alert; each is looked at once. What is of a group is of no one device. Throws Problem where it is none. */
function pickedBy(selector: string, store: Store): (row: Pick<Alert, "device">) => Promise<boolean> {
  if (selector.trim() === "") return async () => true;
  const expression = compileSelector(selector);
  const known = new Map<string, boolean>();
  return async ({ device: id }) => {
    if (id === undefined) return false;
    const row = known.has(id) ? undefined : await store.get(device, id);
    if (row !== undefined) known.set(id, expression.matches(viewOf(row)));
    return known.get(id) ?? false;
  };
}

/** All that is wanted of some devices. */
async function ofDevices(
  refs: readonly string[],
  isWanted: (row: Alert) => Promise<boolean>,
  store: Store,
): Promise<Alert[]> {
  const found: Alert[] = [];
  for (const ref of refs) {
    const { id } = await resolve(store, device, ref);
    for await (const row of store.scan(alert, { index: "device", prefix: [id] }))
      if (await isWanted(row)) found.push(row);
  }
  return found;
}

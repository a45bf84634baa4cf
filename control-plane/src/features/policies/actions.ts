import { policyFunctions } from "@edgemere/protocol/policy";
import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { created, destroyed, moved, put, removed, updated } from "../../platform/change.ts";
import type { FieldKind } from "../../platform/expression.ts";
import { pageOf } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { compileSelector, deviceFields } from "../devices/selector-contract.ts";
import { aggregatedDevice } from "../telemetry-aggregator/contract.ts";
import { admissionPastActions } from "./admission-past.ts";
import { admissionActions, refuseAdmission, refuseUnlessAdmitting } from "./admission-actions.ts";
import { admissionFields, compileAdmission, isAsked } from "./admission-policy.ts";
import { allConflicts, conflictActions } from "./conflict-actions.ts";
import { compilePolicyCondition } from "./condition.ts";
import type { PoliciesContext } from "./context.ts";
import * as contract from "./contract.ts";
import { refuseEffects } from "./effects.ts";
import { compileGroupCondition } from "./group-condition.ts";
import { groupFields, groupFunctions } from "./group-functions.ts";
import { refuseUnknownEvents } from "./known-events.ts";
import { obstacleToGroups } from "./group-policy.ts";
import { ASKED_IN_CENTRE, GROUPS_IN_CENTRE, obstaclesOnDevice } from "./on-device.ts";
import { isPerGroup, perOf } from "./per.ts";
import { retiringActions } from "./retiring.ts";
import { refuseZone } from "./schedule-contract.ts";
import { revisionId, revisions, swept, type Revision } from "./tables.ts";

const { policy } = contract;
type Policy = contract.Policy;

/** Throws Problem that says what is wrong and where, or what whoever wants it may not let a policy do. */
async function refuseWrong(spec: contract.PolicySpec, caller: Caller, context: PoliciesContext): Promise<void> {
  const { condition, selector = "", schedule, effects = [] } = spec;
  refuseUnlessAdmitting(spec, caller);
  if (schedule !== undefined) refuseZone(schedule);
  if (isPerGroup(spec)) await refuseGroups(spec, context);
  else if (isAsked(spec)) refuseAdmission(spec, context);
  else refuseUnknownEvents(condition, compilePolicyCondition(condition));
  if (selector !== "") compileSelector(selector);
  await refuseEffects(effects, caller, context);
}

/** Throws Problem where a policy cannot be about groups of devices. */
async function refuseGroups(spec: contract.PolicySpec, { store }: PoliciesContext): Promise<void> {
  const obstacle = obstacleToGroups(spec);
  if (obstacle !== undefined) throw new Problem("invalid-input", obstacle);
  refuseUnknownEvents(spec.condition, compileGroupCondition(spec.condition));
  const per = perOf(spec.per);
  if (per.of === "adevice") await resolve(store, aggregatedDevice, per.name);
}

const shown = (fields: Readonly<Record<string, FieldKind>>) =>
  Object.entries(fields).map(([name, kind]) => ({ name, kind }));

/** Why devices cannot watch a policy by themselves. Throws Problem where they are to. */
function obstaclesOf(spec: contract.PolicySpec) {
  const deviceObstacles = [...obstaclesOnDevice(spec)];
  if (spec.runsOn === "device" && deviceObstacles.length > 0)
    throw new Problem("invalid-input", `devices cannot watch this by themselves: ${deviceObstacles.join("; ")}`);
  return { deviceObstacles };
}

const specOf = (given: Partial<contract.PolicySpec>): Partial<contract.PolicySpec> =>
  Object.fromEntries(
    contract.specFields.flatMap((field) => (given[field] === undefined ? [] : [[field, given[field]]])),
  );

/** Of what a policy is by itself, such as its condition, none can be named. */
const without = (row: Policy, unset: readonly string[]): Policy =>
  Object.fromEntries(Object.entries(row).filter(([field]) => !unset.includes(field))) as unknown as Policy;

const revisionOf = (row: Pick<Policy, "name" | "condition" | "author" | "revision">, at: number): Revision => ({
  ...specOf(row),
  condition: row.condition,
  id: revisionId(row.name, row.revision),
  policy: row.name,
  revision: row.revision,
  author: row.author,
  at,
});

const writtenBy = ({ actor, account }: Caller) => ({ author: actor, ...(account !== undefined && { account }) });

const move = (name: string, signal: "enable" | "disable", { store, watch }: PoliciesContext) =>
  repeatOnConflict(async () => {
    await store.commit(moved(policy, await resolve(store, policy, name), signal), await swept(name, store));
    watch.forget();
    return resolve(store, policy, name);
  });

const saved = async (name: string, context: PoliciesContext) => ({
  ...(await resolve(context.store, policy, name)),
  conflicts: [...(await allConflicts(context, { only: name }))],
});

export const policyActions = [
  ...admissionActions,
  ...admissionPastActions,
  ...conflictActions,
  ...retiringActions,
  handle(contract.createPolicy, async ({ name, ...given }, context: PoliciesContext, caller) => {
    const { store, clock, watch } = context;
    await refuseWrong(given, caller, context);
    const draft = { owner: caller.actor, ...given, ...obstaclesOf(given), name, ...writtenBy(caller), revision: 1 };
    // Its name is its id, so that two at once cannot have the same.
    await store.commit(
      created(policy, name, draft),
      put(revisions, revisionOf(draft, clock.now())),
      await swept(name, store),
    );
    watch.forget();
    return saved(name, context);
  }),
  handle(contract.updatePolicy, async ({ policy: name, unset = [], ...given }, context: PoliciesContext, caller) => {
    const { store, clock, watch } = context;
    const both = unset.find((field) => given[field] !== undefined);
    if (both !== undefined)
      throw new Problem("invalid-input", `"${both}" is given and named in "unset": it can be one of both only`);
    return repeatOnConflict(async () => {
      const before = await resolve(store, policy, name);
      const row = without(before, unset);
      const now = obstaclesOf({ ...row, ...specOf(given) });
      const patch = { ...specOf(given), ...now, ...writtenBy(caller), revision: row.revision + 1 };
      refuseUnlessAdmitting(before, caller);
      // Whoever changes when it happens lets it happen.
      await refuseWrong({ ...row, ...patch }, caller, context);
      await store.commit(
        updated(policy, row, patch),
        put(revisions, revisionOf({ ...row, ...patch }, clock.now())),
        await swept(name, store),
      );
      watch.forget();
      return saved(name, context);
    });
  }),
  handle(contract.enablePolicy, async ({ policy: name }, context: PoliciesContext, caller) => {
    await refuseWrong(await resolve(context.store, policy, name), caller, context);
    return move(name, "enable", context);
  }),
  handle(contract.disablePolicy, async ({ policy: name }, context: PoliciesContext, caller) => {
    refuseUnlessAdmitting(await resolve(context.store, policy, name), caller);
    return move(name, "disable", context);
  }),
  handle(contract.destroyPolicy, async ({ policy: name }, { store, watch }: PoliciesContext, caller) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, policy, name);
      refuseUnlessAdmitting(row, caller);
      const old = Array.from({ length: row.revision }, (_, place) => removed(revisions, revisionId(name, place + 1)));
      await store.commit(destroyed(policy, row), ...old, await swept(name, store));
      watch.forget();
      return row;
    }),
  ),
  handle(contract.findPolicy, async ({ policy: name }, { store }: PoliciesContext) => resolve(store, policy, name)),
  handle(contract.listPolicies, async ({ state: states, limit = 50, cursor }, { store }: PoliciesContext) => {
    const page = await pageOf(store, policy, { states, limit, cursor });
    return { ...page, items: [...page.items] };
  }),
  handle(contract.listRevisions, async ({ policy: name, limit = 50, cursor }, { store }: PoliciesContext) => {
    await resolve(store, policy, name);
    const page = await store.list(revisions, { index: "policy", prefix: [name], reverse: true, limit, cursor });
    return { ...page, items: page.items.map(({ id: _, policy: __, ...revision }) => revision) };
  }),
  handle(
    contract.checkCondition,
    async ({ condition, isAsked: isOfAdmission = false, isPerGroup: isOfGroups = false }) => {
      if (isOfAdmission) {
        compileAdmission({ condition });
        return { metrics: [], events: [], deviceObstacles: [ASKED_IN_CENTRE] };
      }
      const compiled = isOfGroups ? compileGroupCondition(condition) : compilePolicyCondition(condition);
      refuseUnknownEvents(condition, compiled);
      const { metrics, events } = compiled;
      const deviceObstacles = isOfGroups ? [GROUPS_IN_CENTRE] : [...obstaclesOnDevice({ condition })];
      return { metrics: [...metrics], events: [...new Set(events.map(({ type }) => type))], deviceObstacles };
    },
  ),
  handle(contract.listVocabulary, async () => ({
    fields: shown(deviceFields),
    admission: shown(admissionFields),
    groups: shown(groupFields),
    functions: policyFunctions.map(({ takes, ...each }) => ({ ...each, takes: [...takes] })),
    groupFunctions: groupFunctions.map(({ name, takes, gives, summary }) => ({
      name,
      takes: [...takes],
      gives,
      summary,
    })),
  })),
];

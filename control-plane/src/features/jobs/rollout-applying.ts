import { DAY, SECOND } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { created, moved, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { noneOf, resolve } from "../../platform/reference.ts";
import { device } from "../devices/contract.ts";
import { applyPlan, rollout, rolloutPlan, type RolloutPlan } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { kindsOf } from "./rollout-facts.ts";
import { hashOf, sightedBy, type Sighted } from "./rollout-members.ts";
import { grantsFor, isSecondNeeded, refuseUnlessAllowed } from "./rollout-planning.ts";
import { handedOver } from "./rollout-secrets.ts";
import { isOwn } from "./rollout-seeing.ts";
import { emptyWave } from "./rollout-tally.ts";
import { wavesOf } from "./rollout-waves.ts";
import { partId, planParts, woken, type Member } from "./tables.ts";

const TOTAL_TIMEOUT = 30 * DAY;
/** Devices that a refusal names. */
const NAMED = 10;

export const applyHandler = handle(
  applyPlan,
  async ({ plan: id }, context: JobsContext, caller, made) => {
    const { store, clock, newId } = context;
    const plan = await resolve(store, rolloutPlan, id);
    // Who may not know of it hears what is said of what does not exist.
    if (!isOwn(plan, caller)) throw noneOf("rolloutplan", id);
    if (plan.state !== "open") throw new Problem("conflict", "this plan was carried out already; make a new one");
    if (clock.now() >= plan.expiresAt) throw new Problem("conflict", "this plan is too old; make a new one");
    const asked = kindsOf(plan);
    for (const each of asked) refuseUnlessAllowed(each, caller);
    const grants = grantsFor(asked, caller);
    const sighted = await sightedBy({ ...plan, grants }, id, context, "for good");
    const members = sighted.map(({ member }) => member);
    if (hashOf(members) !== plan.membership) throw await moveOf(plan, sighted, context);

    const now = clock.now();
    const isApprovalNeeded = await isSecondNeeded(
      plan,
      members.map((each) => each.device),
      context,
    );
    const { kind, arguments: given, selector, mode, spec, secretNames } = plan;
    const rolloutId = newId();
    const row = created(rollout, rolloutId, {
      kind,
      arguments: given,
      mode,
      spec,
      grants,
      author: caller.actor,
      ...(caller.account !== undefined && { account: caller.account }),
      ...(selector !== undefined && { selector }),
      ...(secretNames !== undefined && { secretNames }),
      ...(plan.undoes !== undefined && { undoes: { rollout: plan.undoes, isComplete: true } }),
      plan: id,
      written: 0,
      endsAt: now + (spec.totalTimeout === undefined ? TOTAL_TIMEOUT : spec.totalTimeout * SECOND),
      opened: 0,
      waves: wavesOf(spec).map(() => ({ ...emptyWave })),
      failures: {},
      pace: { at: now, allowance: 1 },
      sweep: { at: now },
      isApprovalNeeded,
      pausedBy: "",
    });
    const secrets = await handedOver(id, rolloutId, context);
    const undone = plan.undoes === undefined ? [] : await undoneBy(rolloutId, plan.undoes, store);
    await store.commit(
      row,
      ...secrets,
      ...undone,
      woken(rolloutId),
      moved(rolloutPlan, plan, "apply"),
      made(rolloutId),
    );
    return resolve(store, rollout, rolloutId);
  },
  async (id, { store }) => resolve(store, rollout, id),
);

/** The rollout that has ended is being undone from here on; throws Problem where it is already. */
async function undoneBy(undoing: string, id: string, store: JobsContext["store"]): Promise<readonly Change[]> {
  const row = await resolve(store, rollout, id);
  return [moved(rollout, row, "undo", { undoneBy: { rollout: undoing, wave: -1 } }), woken(id)];
}

/** The refusal that says what is otherwise than in the plan. */
async function moveOf(plan: RolloutPlan, sighted: readonly Sighted[], { store }: JobsContext): Promise<Problem> {
  const before = new Map<string, Member>();
  for (let part = 0; part < plan.parts; part++)
    for (const each of (await store.get(planParts, partId(plan.id, part)))?.members ?? [])
      before.set(each.device, each);
  const joined = sighted.filter(({ member }) => !before.has(member.device)).map(({ name }) => name);
  const otherwise = sighted
    .filter(({ member }) => (before.get(member.device)?.obstacle ?? member.obstacle) !== member.obstacle)
    .map(({ name, member }) => `${name} (${member.obstacle === "" ? "nothing in its way" : member.obstacle})`);
  for (const { member } of sighted) before.delete(member.device);
  const left: string[] = [];
  for (const id of [...before.keys()].slice(0, NAMED)) left.push((await store.get(device, id))?.name ?? id);
  const words = [
    said("matches now and did not", joined, joined.length),
    said("matched and does not now", left, before.size),
    said("is otherwise", otherwise, otherwise.length),
  ].filter(Boolean);
  return new Problem("conflict", `the world moved since this plan was made: ${words.join("; ")}; make a new one`);
}

function said(what: string, names: readonly string[], count: number): string {
  if (count === 0) return "";
  const more = count > NAMED ? `, and ${count - NAMED} more` : "";
  return `${what}: ${names.slice(0, NAMED).join(", ")}${more}`;
}

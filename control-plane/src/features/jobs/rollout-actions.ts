import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { moved, updated, type Change } from "../../platform/change.ts";
import { pageOfMatches, pageWithin } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { isInState } from "../../platform/states.ts";
import { device } from "../devices/contract.ts";
import * as contract from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { applyHandler } from "./rollout-applying.ts";
import { explainHandler, textOf } from "./rollout-explaining.ts";
import { planHandler, planUndoHandler } from "./rollout-planning.ts";
import { isOwn, seen } from "./rollout-seeing.ts";
import { woken } from "./tables.ts";

const { rollout, rolloutTarget } = contract;
type Row = contract.Rollout;

/** Looks at a rollout that the caller may change, decides, and gives it as it then is. */
async function changed(
  id: string,
  { context, caller, permission }: { context: JobsContext; caller: Caller; permission: string },
  decide: (row: Row) => Change,
): Promise<Row> {
  await repeatOnConflict(async () =>
    context.store.commit(decide(await seen(id, permission, context, caller)), woken(id)),
  );
  return resolve(context.store, rollout, id);
}

const stopOf = (
  reason: "cancelled" | "refused" | "rolled-back",
  detail: string,
  by: string,
  at: number,
): NonNullable<Row["stop"]> => ({
  reason,
  detail,
  by,
  at,
  isCarriedOut: false,
});

export const rolloutActions = [
  planHandler,
  planUndoHandler,
  applyHandler,
  explainHandler,
  handle(contract.findRollout, async ({ rollout: id }, context: JobsContext, caller) =>
    seen(id, contract.findRollout.permission, context, caller),
  ),
  handle(
    contract.listRollouts,
    async ({ state: states, limit = 50, cursor }, { store, scopes }: JobsContext, caller) => {
      const { isEverywhere } = scopes.reachOf(caller, contract.listRollouts.permission);
      const walk = store.walk(rollout, { cursor, reverse: true });
      const isWanted = isInState(states);
      return pageOfMatches(walk, (row) => isWanted(row) && (isEverywhere || isOwn(row, caller)), limit);
    },
  ),
  handle(contract.listTargets, async ({ rollout: id, state, limit = 50, cursor }, context: JobsContext, caller) => {
    const { store, scopes } = context;
    const reach = scopes.reachOf(caller, contract.listTargets.permission);
    const where = state === undefined ? { index: "rollout", prefix: [id] } : { index: "state", prefix: [id, state] };
    const page = await pageWithin(store, rolloutTarget, reach, { ...where, limit, cursor });
    const opened = (await store.get(rollout, id))?.opened ?? 0;
    const items = page.items.map(async (row) => {
      const name = (await store.get(device, row.device))?.name ?? row.device;
      const unlooked = row.wave < opened ? "turn-comes" : "wave-not-reached";
      return { target: row, name, text: textOf(row.state === "queued" ? unlooked : row.reason) };
    });
    return { ...page, items: await Promise.all(items) };
  }),
  handle(contract.pauseRollout, async ({ rollout: id }, context: JobsContext, caller) =>
    changed(id, { context, caller, permission: contract.pauseRollout.permission }, (row) =>
      moved(rollout, row, "pause", { pausedBy: "paused-by-person" }),
    ),
  ),
  handle(contract.resumeRollout, async ({ rollout: id }, context: JobsContext, caller) =>
    changed(id, { context, caller, permission: contract.resumeRollout.permission }, (row) => {
      const isWaived = row.pausedBy !== "paused-by-person";
      const waves = row.waves.map((each, place) =>
        place === row.opened - 1 && isWaived ? { ...each, isWaived } : each,
      );
      return moved(rollout, row, "resume", { pausedBy: "", waves });
    }),
  ),
  handle(contract.cancelRollout, async ({ rollout: id }, context: JobsContext, caller) =>
    changed(id, { context, caller, permission: contract.cancelRollout.permission }, (row) => {
      const stop = stopOf("cancelled", "", caller.actor, context.clock.now());
      return moved(rollout, row, "stop", { stop, pausedBy: "" });
    }),
  ),
  handle(contract.rollBackRollout, async ({ rollout: id }, context: JobsContext, caller) =>
    changed(id, { context, caller, permission: contract.rollBackRollout.permission }, (row) => {
      if (row.spec.rollback === undefined)
        throw new Problem("conflict", "this rollout does not say what undoes it: plan one that does");
      const stop = stopOf("rolled-back", "", caller.actor, context.clock.now());
      // One that was stopped for another reason is undone all the same.
      if (row.state === "stopped")
        return updated(rollout, row, { stop: { ...stop, isCarriedOut: row.stop?.isCarriedOut === true } });
      if (contract.isEnded(row.state))
        throw new Problem("conflict", `this rollout is ${row.state}: edgemere rollout planundo shows what undoes it`);
      if (row.opened === 0) throw new Problem("conflict", "nothing has begun: cancel it");
      return moved(rollout, row, "stop", { stop, pausedBy: "" });
    }),
  ),
  handle(contract.approveRollout, async ({ rollout: id }, context: JobsContext, caller) => {
    const { account } = await seen(id, contract.approveRollout.permission, context, caller);
    if (account !== undefined && !(await context.approvers.isActive(account, context)))
      throw new Problem("conflict", "the account of who asked for it is locked: it is not done any more");
    return changed(id, { context, caller, permission: contract.approveRollout.permission }, (row) => {
      refuseOwn(row, caller);
      const decision = { by: caller.actor, at: context.clock.now(), isApproved: true, reason: "" };
      return moved(rollout, row, "approve", { decision });
    });
  }),
  handle(contract.refuseRollout, async ({ rollout: id, reason = "" }, context: JobsContext, caller) =>
    changed(id, { context, caller, permission: contract.refuseRollout.permission }, (row) => {
      refuseOwn(row, caller);
      const at = context.clock.now();
      const decision = { by: caller.actor, at, isApproved: false, reason };
      return moved(rollout, row, "stop", { decision, stop: stopOf("refused", reason, caller.actor, at) });
    }),
  ),
];

/** Two people, not two credentials: a person's own token is not a second one. */
function refuseOwn({ state, account: author }: Row, { account, actor }: Caller): void {
  if (state !== "approving") throw new Problem("conflict", `this rollout waits for nobody: it is ${state}`);
  if (account === undefined)
    throw new Problem("forbidden", `${actor} is no person: sign in to decide about what others asked for`);
  if (account === author)
    throw new Problem("forbidden", "a second person decides about this rollout; you may cancel what you asked for");
}

import { DAY } from "@edgemere/protocol/kit";
import { created, moved, updated, type Change } from "../../platform/change.ts";
import { isEnded, rollout, rolloutTarget, type Rollout, type RolloutTarget } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { openOf } from "./rollout-gate.ts";
import { undoingSpec, undoingWave } from "./rollout-undoing.ts";
import { emptyWave } from "./rollout-tally.ts";
import { forgottenSecrets } from "./rollout-secrets.ts";
import { written } from "./rollout-write.ts";
import { targetId, woken } from "./tables.ts";

/** Devices of which one commit tells the rollout that undoes. */
const TOLD_AT_ONCE = 200;
const TOTAL_TIMEOUT = 30 * DAY;

/** Begins the rollout that undoes one that was stopped: with its newest wave first, at any time, and to nobody yet. */
export async function beginUndo(row: Rollout, { store, clock, newId }: JobsContext): Promise<void> {
  const { rollback } = row.spec;
  if (rollback === undefined) throw new Error("a rollout is to be undone that does not say how");
  const now = clock.now();
  const id = newId();
  const undoing = created(
    rollout,
    id,
    {
      kind: rollback.kind,
      arguments: rollback.arguments ?? {},
      mode: "snapshot",
      spec: undoingSpec(row),
      author: row.author,
      ...(row.account !== undefined && { account: row.account }),
      grants: row.grants,
      plan: row.plan,
      written: row.written,
      endsAt: now + TOTAL_TIMEOUT,
      opened: 0,
      waves: Array.from({ length: row.opened }, () => ({ ...emptyWave })),
      failures: {},
      pace: { at: now, allowance: 1 },
      sweep: { at: now },
      isApprovalNeeded: false,
      ...(row.decision !== undefined && { decision: row.decision }),
      pausedBy: "",
      undoes: { rollout: row.id, isComplete: false },
    },
    "running",
  );
  const undoneBy = { rollout: id, wave: row.opened - 1 };
  await store.commit(undoing, woken(id), moved(rollout, row, "undo", { undoneBy }), forgottenSecrets(row.id));
}

/** Tells the rollout that undoes this one of devices that had begun, some at a time; ends when that one has ended and nothing runs any more. */
export async function carryUndo(row: Rollout, context: JobsContext): Promise<"more" | "settled"> {
  const { store } = context;
  const { undoneBy } = row;
  if (undoneBy === undefined) return "settled";
  const undoing = await store.get(rollout, undoneBy.rollout);
  const isOver = row.waves.every((each) => openOf(each) === 0);
  if (undoing === undefined || isEnded(undoing.state)) {
    if (isOver) await store.commit(moved(rollout, row, undoing?.state === "succeeded" ? "restore" : "giveup"));
    return "settled";
  }
  const { wave, cursor } = undoneBy;
  if (wave >= 0) {
    const where = { index: "wave", prefix: [row.id, wave], limit: TOLD_AT_ONCE, cursor };
    const { items, next } = await store.list(rolloutTarget, where);
    const after = next === undefined ? { wave: wave - 1 } : { wave, cursor: next };
    const changes = await joiningUndo(row, undoing, items, context);
    await store.commit(...changes, updated(rollout, row, { undoneBy: { rollout: undoing.id, ...after } }));
    return "more";
  }
  if (!isOver || undoing.undoes?.isComplete !== false) return "settled";
  await store.commit(updated(rollout, undoing, { undoes: { rollout: row.id, isComplete: true } }), woken(undoing.id));
  return "more";
}

/** What makes targets that have ended targets of the rollout that undoes theirs; nothing for those that never began, or are told of already. */
export async function joiningUndo(
  row: Pick<Rollout, "opened">,
  undoing: Rollout,
  targets: readonly RolloutTarget[],
  { store, clock }: JobsContext,
): Promise<readonly Change[]> {
  const joining = [];
  for (const { device, wave, place, stratum, state, beganAt } of targets) {
    if (!rolloutTarget.life.isFinal(state) || beganAt === undefined) continue;
    if ((await store.get(rolloutTarget, targetId(undoing.id, device))) !== undefined) continue;
    joining.push({ device, place, stratum, wave: undoingWave(row, wave) });
  }
  return joining.length === 0 ? [] : [...written(undoing, joining, {}, clock.now()), woken(undoing.id)];
}

import { created, moved, updated } from "../../platform/change.ts";
import { device } from "../devices/contract.ts";
import { rollout, rolloutTarget, type Rollout } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { membershipOf, picksOf } from "./rollout-members.ts";
import { recounted } from "./rollout-tally.ts";
import { partId, planParts, targetId, type Member } from "./tables.ts";
import { MINUTE } from "@edgemere/protocol/kit";

type Joining = Pick<Member, "device" | "wave" | "place" | "stratum">;

/** Devices that are looked at in one step of a sweep. */
const SWEPT = 500;

/** Writes the next part of the plan down as targets; when all are written it begins, or waits for a second person. */
export async function writeTargets(row: Rollout, context: JobsContext): Promise<void> {
  const { store } = context;
  const part = await store.get(planParts, partId(row.plan, row.written));
  if (part === undefined) {
    await store.commit(moved(rollout, row, row.isApprovalNeeded ? "ask" : "begin"));
    return;
  }
  await store.commit(...written(row, part.members, { written: row.written + 1 }, context.clock.now()));
}

/** Looks for devices that match meanwhile: they join the last wave. A part of the fleet at a time, and all of it once a minute. */
export async function sweep(row: Rollout, context: JobsContext): Promise<"more" | "settled"> {
  const { store, clock } = context;
  const now = clock.now();
  if (row.mode !== "continuous" || row.sweep.at > now) return "settled";
  const { items, next } = await store.list(device, { limit: SWEPT, cursor: row.sweep.cursor });
  const isPicked = picksOf(row, context);
  const joining: Member[] = [];
  for (const each of items) {
    if (!isPicked(each) || (await store.get(rolloutTarget, targetId(row.id, each.id))) !== undefined) continue;
    joining.push({ ...membershipOf(each, row.spec), device: each.id, wave: row.waves.length - 1, obstacle: "" });
  }
  const cursor = next === undefined ? { at: now + MINUTE } : { cursor: next, at: now };
  if (joining.length === 0) await store.commit(updated(rollout, row, { sweep: cursor }));
  else await store.commit(...written(row, joining, { sweep: cursor }, now));
  return next === undefined ? "settled" : "more";
}

/** Members written down as targets of a rollout, with what else changes of its row. */
export function written(row: Rollout, members: readonly Joining[], patch: Partial<Rollout>, now: number) {
  let { waves } = row;
  for (const { wave } of members) waves = recounted(waves, wave, undefined, "queued");
  return [
    ...members.map(({ device: id, wave, place, stratum }) =>
      created(rolloutTarget, targetId(row.id, id), {
        rollout: row.id,
        device: id,
        wave,
        place,
        stratum,
        tries: {},
        notBefore: now,
        reason: "",
        detail: "",
      }),
    ),
    updated(rollout, row, { ...patch, waves }),
  ];
}

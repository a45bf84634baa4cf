import { moved, updated } from "../../platform/change.ts";
import { cancelCommand } from "./cancelling.ts";
import { command, rollout, rolloutTarget, type Rollout } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { recounted } from "./rollout-tally.ts";

/** Devices that one commit cancels. */
const CANCELLED_AT_ONCE = 200;

/** What has not begun never will. What runs goes on to its end, unless somebody cancelled it. */
export async function carryOutStop(row: Rollout, context: JobsContext): Promise<void> {
  const { store, clock } = context;
  const { stop } = row;
  if (stop === undefined) return;
  for (const state of ["queued", "waiting"] as const) {
    const prefix = [row.id, state];
    const { items } = await store.list(rolloutTarget, { index: "state", prefix, limit: CANCELLED_AT_ONCE });
    if (items.length === 0) continue;
    let { waves } = row;
    for (const { wave } of items) waves = recounted(waves, wave, state, "cancelled");
    const end = { reason: "rollout-stopped", endedAt: clock.now() };
    const changes = items.map((each) => moved(rolloutTarget, each, "cancel", end));
    return store.commit(...changes, updated(rollout, row, { waves }));
  }
  if (stop.reason === "cancelled")
    for await (const { job = "" } of store.scan(rolloutTarget, { index: "state", prefix: [row.id, "active"] }))
      for await (const { id, device } of store.scan(command, { index: "job", prefix: [job] })) {
        await cancelCommand(id, context);
        context.link.resync(device);
      }
  await store.commit(updated(rollout, row, { stop: { ...stop, isCarriedOut: true } }));
}

import { DAY, HOUR, MINUTE, type Loop } from "@edgemere/protocol/kit";
import { destroyed, removed } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { rollout, rolloutPlan, rolloutTarget, type RolloutPlan } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { forgottenSecrets } from "./rollout-secrets.ts";
import { partId, planParts } from "./tables.ts";

const KEPT_FOR = 90 * DAY;
const PLANS_KEPT_FOR = DAY;
const TARGETS = 500;

/** Forgets rollouts that ended long ago, first their targets: cut short it is found again. Their jobs go by themselves. */
export const forgetOldRollouts = ({ store, clock, log, retention }: JobsContext): Loop => ({
  name: "forget old rollouts",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old rollouts", error }),
  step: async () => {
    const before = clock.now() - (retention?.jobs ?? KEPT_FOR);
    for await (const row of store.scan(rollout, { index: "over" })) {
      if (row.updatedAt >= before) return "settled";
      for (;;) {
        const { items } = await store.list(rolloutTarget, { index: "rollout", prefix: [row.id], limit: TARGETS });
        if (items.length === 0) break;
        await store.commit(...items.map((each) => destroyed(rolloutTarget, each)));
      }
      await store.commit(destroyed(rollout, row)).catch(unlessMoved);
    }
    return "settled";
  },
});

/** Forgets plans but those whose rollout has not written all of its devices down yet. */
export const forgetOldPlans = ({ store, clock, log }: JobsContext): Loop => ({
  name: "forget old plans",
  every: 10 * MINUTE,
  onError: (error) => log.error("loop failed", { loop: "forget old plans", error }),
  step: async () => {
    const read = new Set<string>();
    for await (const { state, plan } of store.scan(rollout, { index: "open" })) if (state === "planned") read.add(plan);
    for await (const row of store.scan(rolloutPlan, { index: "expires" })) {
      if (row.expiresAt + PLANS_KEPT_FOR >= clock.now()) return "settled";
      if (!read.has(row.id)) await forget(store, row).catch(unlessMoved);
    }
    return "settled";
  },
});

async function forget(store: Store, row: RolloutPlan): Promise<void> {
  for (let part = 0; part < row.parts; part++) await store.commit(removed(planParts, partId(row.id, part)));
  await store.commit(destroyed(rolloutPlan, row), forgottenSecrets(row.id));
}

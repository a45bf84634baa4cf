import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { destroyed, removed, replaced } from "../../platform/change.ts";
import { repeatOnConflict, unlessMoved } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { policy } from "./contract.ts";
import { ended, evaluated } from "./evaluating.ts";
import { sweeps, type Sweep } from "./tables.ts";

/** Devices, or alerts, that one step looks at. */
const STEP = 100;

/** Looks at a policy that was changed on all devices, once; what was reached is kept, so that a restart goes on there. */
export const sweepChanged = (context: PoliciesContext): Loop => ({
  name: "look at changed policies",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "look at changed policies", error }),
  step: async () => {
    const [sweep] = (await context.store.list(sweeps, { limit: 1 })).items;
    if (sweep === undefined) return "settled";
    const { byName } = await context.watch.policies(context);
    await (byName.has(sweep.id) ? look(sweep, context) : end(sweep, context)).catch(unlessMoved);
    return "more";
  },
});

async function look(sweep: Sweep, context: PoliciesContext): Promise<void> {
  const { store, watch } = context;
  const found = (await watch.policies(context)).byName.get(sweep.id);
  const { items } = await store.list(device, {
    limit: STEP,
    ...(sweep.after !== "" && { from: `${sweep.after}\u0000` }),
  });
  for (const { id } of items)
    await repeatOnConflict(async () => {
      const known = await watch.known(id, context);
      if (known !== undefined && found !== undefined) await store.commit(...(await evaluated(known, [found], context)));
    });
  const last = items.at(-1);
  await store.commit(
    last === undefined
      ? removed(sweeps, sweep.id, sweep.version)
      : replaced(sweeps, { ...sweep, after: last.id, version: sweep.version + 1 }, sweep.version),
  );
}

/** Nobody watches devices for it any more. Of a policy that is gone nothing stays; one about groups looks at all of its groups. */
async function end(sweep: Sweep, context: PoliciesContext): Promise<void> {
  const { store, clock, watch } = context;
  const isGone = (await store.get(policy, sweep.id)) === undefined;
  const { groups } = await watch.policies(context);
  for await (const row of store.scan(alert, { index: "policy", prefix: [sweep.id] })) {
    if (row.group !== undefined && groups.byName.has(sweep.id)) continue;
    await store.commit(...(isGone ? [destroyed(alert, row)] : ended(row, clock.now()))).catch(unlessMoved);
    if (row.device !== undefined) (await watch.knownAlready(row.device))?.open.delete(sweep.id);
  }
  groups.lookAtAll(sweep.id);
  await store.commit(removed(sweeps, sweep.id, sweep.version));
}

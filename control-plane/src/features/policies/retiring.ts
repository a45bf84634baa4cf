import { handle } from "../../platform/action.ts";
import { removed } from "../../platform/change.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { forgetDevice } from "./contract.ts";
import { devicePacks, deviceWords, ownEnds } from "./device-packs-tables.ts";
import { ended } from "./evaluating.ts";
import { deviceSettings } from "./settings-table.ts";
import { happenings } from "./tables.ts";

export const retiringActions = [
  handle(forgetDevice, async ({ device: ref }, context: PoliciesContext) => {
    const { store, clock, watch } = context;
    const { id } = await resolve(store, device, ref);
    let alerts = 0;
    for await (const row of store.scan(alert, { index: "open", prefix: [id] })) {
      alerts++;
      await repeatOnConflict(async () => {
        const now = await store.get(alert, row.id);
        if (now !== undefined && now.state !== "resolved") await store.commit(...ended(now, clock.now()));
      });
    }
    // What became of its alerts stays as long as that of others.
    await store.commit(
      removed(devicePacks, id),
      removed(deviceWords, id),
      removed(ownEnds, id),
      removed(deviceSettings, id),
    );
    for await (const each of store.scan(happenings, { index: "device", prefix: [id] }))
      await store.commit(removed(happenings, each.id));
    watch.forgetDevice(id);
    return { device: id, alerts };
  }),
];

import { feature } from "../../platform/feature.ts";
import { outletActions } from "./actions.ts";
import type { OutletsContext } from "./context.ts";
import { outlet } from "./contract.ts";
import { sendOn } from "./loops.ts";

export type { OutletsContext, Target } from "./context.ts";
export { Tally } from "./tally.ts";

export const outlets = feature<OutletsContext>({
  name: "outlets",
  resources: [outlet],
  actions: outletActions,
  loops: (context) => context.outlets.targets.map((target) => sendOn(target, context)),
  figures: async ({ outlets: { tally }, clock }) => tally.figures(clock.now()),
});

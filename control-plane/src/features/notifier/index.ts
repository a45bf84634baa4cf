import { feature } from "../../platform/feature.ts";
import { contactActions } from "./actions.ts";
import type { NotifierContext } from "./context.ts";
import { contact } from "./contract.ts";
import { followAlerts } from "./following.ts";
import { forgetOldNotices } from "./loops.ts";
import { noticeActions } from "./notice-actions.ts";
import { notice } from "./notice-contract.ts";
import { sendNotices } from "./sending.ts";

export type { Answer, NotifierContext, Roads } from "./context.ts";
export { Tally } from "./tally.ts";

const SENT_AT_ONCE = 4;

export const notifier = feature<NotifierContext>({
  name: "notifier",
  resources: [contact, notice],
  actions: [...contactActions, ...noticeActions],
  loops: (context) => [
    followAlerts(context),
    ...Array.from({ length: SENT_AT_ONCE }, (_, lane) => sendNotices(lane + 1, context)),
    forgetOldNotices(context),
  ],
  figures: async ({ notifier: { tally }, store, clock }) => tally.figures(store, clock.now()),
});

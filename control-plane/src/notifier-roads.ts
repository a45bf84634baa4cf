import type { Clock } from "@edgemere/protocol/kit";
import type { NotifierConfig } from "./config-notifier.ts";
import { mailRoad } from "./mail-road.ts";
import { isMailbox } from "./mailbox.ts";
import { Problem } from "./platform/problem.ts";
import { refuseWebhook, webhookRoad } from "./webhook-road.ts";

const NO_MAIL = "there is no mail server: start the control plane with --mail-server URL and --mail-from MAILBOX";

/** How people and programs are told, as it was configured. When they are disposed of, what is under way is given up, and sent again after the next start. */
export function notifierRoads({ mayGoInside, mail }: NotifierConfig, clock: Clock) {
  const stop = new AbortController();
  const parts = { clock, stopped: stop.signal };
  return {
    webhook: webhookRoad({ ...parts, mayGoInside }),
    mail: mail === undefined ? async () => ({ status: 0, text: NO_MAIL }) : mailRoad(mail, parts),
    refuse: ({ kind, address }: { readonly kind: "webhook" | "mail"; readonly address: string }) => {
      if (kind === "webhook") return refuseWebhook(address, { mayGoInside });
      if (mail === undefined) throw new Problem("conflict", NO_MAIL);
      if (!isMailbox(address))
        throw new Problem("invalid-input", `"${address}" is no mailbox; write one, like night-shift@example.org`);
    },
    [Symbol.asyncDispose]: async () => stop.abort(),
  };
}

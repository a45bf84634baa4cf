import { feature } from "../../platform/feature.ts";
import { terminalActions } from "./actions.ts";
import { recording } from "./contract.ts";
import type { TerminalsContext } from "./context.ts";
import { forgetOldRecordings, lookAfterTerminals } from "./loops.ts";
import { rules } from "./messages.ts";

export type { TerminalsContext } from "./context.ts";
export { TerminalGateway } from "./gateway.ts";

export const terminals = feature<TerminalsContext>({
  name: "terminals",
  resources: [recording],
  actions: terminalActions,
  rules,
  frames: (frame, context) => context.terminals.heard(frame, context),
  sessions: async ({ kind }, context) => {
    if (kind === "opened") context.terminals.sayAgain();
    return [];
  },
  loops: (context) => [lookAfterTerminals(context), forgetOldRecordings(context)],
});

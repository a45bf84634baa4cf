import { feature } from "../../platform/feature.ts";
import { sessionActions } from "./actions.ts";
import { apiToken, user } from "./contract.ts";
import type { IdentityContext } from "./context.ts";
import { expireCredentials } from "./loops.ts";
import { passwordActions } from "./passwords-of-accounts.ts";
import { recordActions } from "./records.ts";
import { openSessionActions } from "./sessions.ts";
import { singleSignOnActions } from "./single-sign-on.ts";
import { tokenActions } from "./tokens.ts";
import { userActions } from "./users.ts";

export type { IdentityContext } from "./context.ts";
export { accountOf, approvers } from "./approvers.ts";
export { authenticate } from "./credentials.ts";
export { createPasswords } from "./passwords.ts";
export { ensureSetupCode } from "./setup-code.ts";

export const identity = feature<IdentityContext>({
  name: "identity",
  resources: [user, apiToken],
  actions: [
    ...sessionActions,
    ...singleSignOnActions,
    ...openSessionActions,
    ...passwordActions,
    ...tokenActions,
    ...userActions,
    ...recordActions,
  ],
  loops: (context) => [expireCredentials(context)],
});

import { Type } from "@sinclair/typebox";
import { action, PageOf, pageInput } from "../../platform/action.ts";
import { ANYONE } from "../../platform/caller.ts";
import { LimitedGrants, Password, UserName } from "./account-contract.ts";

const Session = Type.Object({
  token: Type.Optional(
    Type.String({
      description: "Send it as: Authorization: Bearer <token>. Absent where a browser keeps it as a cookie",
    }),
  ),
  user: Type.String(),
  roles: Type.Array(Type.String()),
  permissions: Type.Array(Type.String()),
  limited: LimitedGrants,
  expiresAt: Type.Integer(),
});
export const readStatus = action({
  path: "ia/status",
  summary: "Tell whether the control plane has been set up",
  effect: "read",
  permission: ANYONE,
  input: Type.Object({}),
  output: Type.Object({ isSetUp: Type.Boolean(), version: Type.String(), hasSingleSignOn: Type.Boolean() }),
});
/** What leads from a proof to a session. */
const beginning = {
  effect: "write",
  permission: ANYONE,
  isShownOnce: true,
  session: "begins",
  output: Session,
} as const;

export const setUp = action({
  ...beginning,
  path: "ia/setup",
  summary: "Make the first account, with the one-time setup code that the control plane printed",
  secrets: ["code", "password"],
  input: Type.Object({
    code: Type.String({ maxLength: 128, description: "The setup code" }),
    name: UserName,
    password: Password,
  }),
});
export const signIn = action({
  ...beginning,
  path: "ia/signin",
  summary: "Exchange name and password for a session",
  secrets: ["password"],
  input: Type.Object({
    name: Type.String({ maxLength: 64, description: "Name of the account" }),
    password: Type.String({ maxLength: 1_024, description: "Its password" }),
  }),
});
export const beginSingleSignOn = action({
  path: "ia/sso/begin",
  summary: "Begin to sign in at the identity provider",
  effect: "write",
  permission: ANYONE,
  isShownOnce: true,
  isAllowedWhenFull: true,
  input: Type.Object({
    redirect: Type.String({ maxLength: 1_024, description: "Where it leads back to: a page of ours, or this machine" }),
    fresh: Type.Optional(Type.Boolean({ description: "The provider has to ask anew who it is" })),
  }),
  output: Type.Object({
    location: Type.String({ description: "Where to go" }),
    flow: Type.String({ description: "To be kept where no other site can read it, and given back with the answer" }),
  }),
});
export const finishSingleSignOn = action({
  ...beginning,
  path: "ia/sso/finish",
  summary: "Exchange the identity provider's answer for a session",
  secrets: ["flow", "answer"],
  input: Type.Object({
    flow: Type.String({ maxLength: 128, description: "What the beginning gave" }),
    answer: Type.String({ maxLength: 8_192, description: "The query of the address that the provider led back to" }),
  }),
});
export const signOut = action({
  path: "ia/signout",
  summary: "End the session that asks",
  effect: "write",
  permission: ANYONE,
  session: "ends",
  input: Type.Object({}),
  output: Type.Object({ ended: Type.Boolean() }),
});
export const whoAmI = action({
  path: "ia/whoami",
  summary: "Show who asks and what they may do",
  effect: "read",
  permission: ANYONE,
  input: Type.Object({}),
  output: Type.Object({
    actor: Type.String(),
    permissions: Type.Array(Type.String()),
    limited: LimitedGrants,
    proof: Type.Union(
      ["password", "identity-provider", "none"].map((each) => Type.Literal(each)),
      { description: "How this caller proves again who it is, for what is dangerous; none: it is no session" },
    ),
  }),
});

const own = { permission: "own:session", scope: "anywhere" } as const;
const Typed = Type.String({ maxLength: 1_024, description: "Your password" });

export const stepUp = action({
  ...own,
  path: "ia/stepup",
  summary: "Prove again who you are, for what is dangerous",
  effect: "write",
  isAllowedWhenFull: true,
  secrets: ["password"],
  input: Type.Object({ password: Typed }),
  output: Type.Object({ provedAt: Type.Integer() }),
});
export const changePassword = action({
  ...own,
  path: "ia/password/change",
  summary: "Change your own password; your other sessions end",
  effect: "write",
  isAllowedWhenFull: true,
  secrets: ["password", "newPassword"],
  input: Type.Object({ password: Typed, newPassword: Password }),
  output: Type.Object({ ended: Type.Integer({ description: "Sessions that ended" }) }),
});
export const useResetCode = action({
  path: "ia/password/reset",
  summary: "Set a new password with the one-time code that an owner gave you; all your sessions end",
  effect: "write",
  permission: ANYONE,
  isAllowedWhenFull: true,
  secrets: ["code", "password"],
  input: Type.Object({
    name: Type.String({ maxLength: 64, description: "Name of the account" }),
    code: Type.String({ maxLength: 128, description: "The code" }),
    password: Password,
  }),
  output: Type.Object({ ended: Type.Integer({ description: "Sessions that ended" }) }),
});
export const listOwnSessions = action({
  ...own,
  path: "ia/session/list",
  summary: "List the sessions that somebody has now, newest first",
  effect: "read",
  input: Type.Object({
    user: Type.Optional(Type.String({ maxLength: 64, description: "Whose, by name; yours when absent" })),
    ...pageInput,
  }),
  output: PageOf(
    Type.Object({
      id: Type.String(),
      isThis: Type.Boolean({ description: "It is the one that asks" }),
      address: Type.Optional(Type.String({ description: "Where it began" })),
      createdAt: Type.Integer(),
      expiresAt: Type.Integer(),
    }),
  ),
});
export const endSessions = action({
  ...own,
  path: "ia/session/end",
  summary: "End one session, or all that somebody has",
  effect: "write",
  isAllowedWhenFull: true,
  input: Type.Object({
    id: Type.Optional(Type.String({ maxLength: 64, description: "Which one; all when absent" })),
    user: Type.Optional(Type.String({ maxLength: 64, description: "Whose, by name; yours when absent" })),
  }),
  output: Type.Object({ ended: Type.Integer() }),
});

import { Type } from "@sinclair/typebox";
import { action } from "../../platform/action.ts";
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
  output: Type.Object({ isSetUp: Type.Boolean(), version: Type.String() }),
});
export const setUp = action({
  path: "ia/setup",
  summary: "Make the first account, with the one-time setup code that the control plane printed",
  effect: "write",
  permission: ANYONE,
  secrets: ["code", "password"],
  isShownOnce: true,
  session: "begins",
  input: Type.Object({
    code: Type.String({ maxLength: 128, description: "The setup code" }),
    name: UserName,
    password: Password,
  }),
  output: Session,
});
export const signIn = action({
  path: "ia/signin",
  summary: "Exchange name and password for a session",
  effect: "write",
  permission: ANYONE,
  secrets: ["password"],
  isShownOnce: true,
  session: "begins",
  input: Type.Object({
    name: Type.String({ maxLength: 64, description: "Name of the account" }),
    password: Type.String({ maxLength: 1_024, description: "Its password" }),
  }),
  output: Session,
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
  output: Type.Object({ actor: Type.String(), permissions: Type.Array(Type.String()), limited: LimitedGrants }),
});

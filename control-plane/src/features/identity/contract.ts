import { Type } from "@sinclair/typebox";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { EventShape } from "../../platform/domain-event.ts";
import { statesInput } from "../../platform/states.ts";
import {
  apiToken,
  LimitedRole,
  LimitedRoles,
  Password,
  RoleName,
  Selector,
  user,
  UserName,
} from "./account-contract.ts";

export { apiToken, roles, user, type ApiToken, type Role, type User } from "./account-contract.ts";
export * from "./session-contract.ts";

const TokenOutput = Type.Object({
  id: Type.String(),
  name: Type.String(),
  owner: Type.String(),
  permissions: Type.Array(Type.String()),
  selector: Type.Optional(Type.String({ description: "It holds for these devices only" })),
  state: Type.String(),
  expiresAt: Type.Integer(),
  createdAt: Type.Integer(),
  lastUsedAt: Type.Optional(Type.Integer({ description: "To the minute; absent when it was never used" })),
});
const UserOutput = Type.Object({
  id: Type.String(),
  name: Type.String(),
  roles: Type.Array(Type.String()),
  limitedRoles: Type.Array(LimitedRole),
  state: Type.String(),
  createdAt: Type.Integer(),
});

export const createApiToken = action({
  path: "ia/token/create",
  danger: () => "identity:token",
  summary: "Make an API token for a program; it is shown once",
  isShownOnce: true,
  effect: "write",
  permission: "identity:token",
  input: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 128, description: "What it is for" }),
    permissions: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: 64,
        description: "Not more than yours; yours when absent",
      }),
    ),
    selector: Type.Optional(Selector),
    ttl: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 7_776_000,
        default: 2_592_000,
        description: "Seconds until it expires; at most 90 days",
      }),
    ),
  }),
  output: Type.Object({ id: Type.String(), token: Type.String(), expiresAt: Type.Integer() }),
});
export const listApiTokens = action({
  path: "ia/token/list",
  summary: "List API tokens, newest first",
  effect: "read",
  permission: "identity:token",
  input: Type.Object({ ...statesInput(apiToken), ...pageInput }),
  output: PageOf(TokenOutput),
});
export const revokeApiToken = action({
  path: "ia/token/revoke",
  summary: "Make an API token useless, at once",
  effect: "write",
  permission: "identity:token",
  isAllowedWhenFull: true,
  input: Type.Object({ id: Ref("apitoken", "Id of the token") }),
  output: TokenOutput,
});
export const createUser = action({
  path: "ia/user/create",
  danger: () => "identity:user",
  summary: "Make an account",
  effect: "write",
  permission: "identity:user",
  secrets: ["password"],
  input: Type.Object({
    name: UserName,
    password: Password,
    roles: Type.Optional(Type.Array(RoleName, { description: "What the person may do for all devices" })),
    limitedRoles: Type.Optional(LimitedRoles),
  }),
  output: UserOutput,
});
export const assignRoles = action({
  path: "ia/user/assign",
  danger: () => "identity:user",
  summary: "Replace the roles of an account; it holds from the next request on",
  effect: "write",
  permission: "identity:user",
  input: Type.Object({
    user: Ref("user", "The account: id or name"),
    roles: Type.Optional(Type.Array(RoleName, { description: "What the person may do for all devices" })),
    limitedRoles: Type.Optional(LimitedRoles),
  }),
  output: UserOutput,
});
export const listUsers = action({
  path: "ia/user/list",
  summary: "List accounts",
  effect: "read",
  permission: "identity:user",
  input: Type.Object({ ...statesInput(user), ...pageInput }),
  output: PageOf(UserOutput),
});
export const disableUser = action({
  path: "ia/user/disable",
  danger: () => "identity:user",
  summary: "Lock an account and end its sessions and tokens",
  effect: "write",
  permission: "identity:user",
  isAllowedWhenFull: true,
  input: Type.Object({ user: Ref("user", "The account: id or name") }),
  output: UserOutput,
});
export const enableUser = action({
  path: "ia/user/enable",
  danger: () => "identity:user",
  summary: "Unlock an account; sessions and tokens that ended stay ended",
  effect: "write",
  permission: "identity:user",
  input: Type.Object({ user: Ref("user", "The account: id or name") }),
  output: UserOutput,
});
export const resetPassword = action({
  path: "ia/user/reset",
  danger: () => "identity:user",
  summary: "Give out a one-time code with which somebody who forgot the password sets a new one",
  effect: "write",
  permission: "identity:user",
  isShownOnce: true,
  input: Type.Object({ user: Ref("user", "The account: id or name") }),
  output: Type.Object({ user: Type.String(), code: Type.String(), expiresAt: Type.Integer() }),
});
export const listEvents = action({
  path: "ia/event/list",
  summary: "Read the control plane's events after a number, oldest first, or the newest ones; of a device alone too",
  effect: "read",
  permission: "event:read",
  scope: "filtered",
  input: Type.Object({
    after: Type.Optional(Type.Integer({ minimum: 0, description: "Events after this number; the newest when absent" })),
    type: Type.Optional(
      Type.Array(Type.String({ maxLength: 128 }), {
        description: "Only these; `datarequest.*` stands for all of a class",
      }),
    ),
    device: Type.Optional(
      Ref("device", "Only what happened to this device, however long ago: all of `device.*` but `updated` and `stats`"),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100, description: "Events at most" })),
  }),
  output: Type.Object({
    events: Type.Array(EventShape),
    next: Type.Integer({ description: "The number to ask after next" }),
  }),
});

import { Type } from "@sinclair/typebox";
import { commandKinds } from "@edgemere/protocol";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { ANYONE } from "../../platform/caller.ts";
import { resource, type Row } from "../../platform/resource.ts";

const harmlessCommands = Object.entries(commandKinds)
  .filter(([, { dangerous }]) => !dangerous)
  .map(([kind]) => `command:${kind}`);

/** Roles and what they may do. Terminal and exec are permissions of their own and belong to no role but owner. */
export const roles = {
  viewer: ["device:read", "telemetry:read", "job:read", "data:read", "event:read", "storage:read"],
  operator: [
    "device:read",
    "device:write",
    "telemetry:read",
    "job:read",
    "job:create",
    ...harmlessCommands,
    "data:*",
    "event:read",
    "enrol:create",
    "storage:read",
    "backup:read",
    "backup:create",
  ],
  provisioner: ["device:read", "enrol:create", "event:read"],
  approver: ["device:read", "job:read", "job:approve", "event:read"],
  security: ["device:read", "device:retire", "identity:*", "audit:read", "event:read"],
  owner: ["*"],
} as const satisfies Record<string, readonly string[]>;
export type Role = keyof typeof roles;
const RoleName = Type.Union((Object.keys(roles) as Role[]).map((role) => Type.Literal(role)));

const UserName = Type.String({
  pattern: "^[a-z0-9][a-z0-9._-]{0,62}$",
  description: "Lower case letters, digits, dot, dash",
});
const Password = Type.String({ minLength: 12, maxLength: 1_024, description: "At least 12 characters" });

export const user = resource({
  name: "user",
  summary: "A person with an account",
  shape: Type.Object({ name: UserName, roles: Type.Array(RoleName), passwordHash: Type.String() }),
  life: machine("user", "active", { active: { disable: "disabled" }, disabled: { enable: "active" } }),
  revoking: ["disabled"],
  indexes: { name: ({ name }) => [[name]] },
  secrets: ["passwordHash"],
});

/** A credential of a program or of a sign-in. Only the hash of its secret is kept. */
export const apiToken = resource({
  name: "apitoken",
  summary: "A credential of a program",
  shape: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 128 }),
    /** The user it acts for. */
    owner: Type.String(),
    /** token: made on purpose, for programs. session: made by signing in. */
    kind: Type.Union([Type.Literal("token"), Type.Literal("session")]),
    permissions: Type.Array(Type.String()),
    expiresAt: Type.Integer(),
    secretHash: Type.String(),
  }),
  life: machine("API token", "active", { active: { revoke: "revoked", expire: "expired" }, revoked: {}, expired: {} }),
  revoking: ["revoked"],
  indexes: {
    owner: ({ owner, id }) => [[owner, id]],
    kind: ({ kind, id }) => [[kind, id]],
    expiry: ({ state, expiresAt }) => (state === "active" ? [[expiresAt]] : []),
    ended: ({ state, updatedAt }) => (state === "active" ? [] : [[updatedAt]]),
  },
  secrets: ["secretHash"],
});

const Session = Type.Object({
  token: Type.Optional(
    Type.String({
      description: "Send it as: Authorization: Bearer <token>. Absent where a browser keeps it as a cookie",
    }),
  ),
  user: Type.String(),
  roles: Type.Array(Type.String()),
  permissions: Type.Array(Type.String()),
  expiresAt: Type.Integer(),
});
const TokenOutput = Type.Object({
  id: Type.String(),
  name: Type.String(),
  owner: Type.String(),
  permissions: Type.Array(Type.String()),
  state: Type.String(),
  expiresAt: Type.Integer(),
  createdAt: Type.Integer(),
});
const UserOutput = Type.Object({
  id: Type.String(),
  name: Type.String(),
  roles: Type.Array(Type.String()),
  state: Type.String(),
  createdAt: Type.Integer(),
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
  output: Type.Object({ actor: Type.String(), permissions: Type.Array(Type.String()) }),
});
export const createApiToken = action({
  path: "ia/token/create",
  summary: "Make an API token for a program; it is shown once",
  isShownOnce: true,
  effect: "write",
  permission: "identity:token",
  input: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 128, description: "What it is for" }),
    permissions: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), { description: "Not more than yours; yours when absent" }),
    ),
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
  input: Type.Object(pageInput),
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
  summary: "Make an account",
  effect: "write",
  permission: "identity:user",
  secrets: ["password"],
  input: Type.Object({
    name: UserName,
    password: Password,
    roles: Type.Array(RoleName, { minItems: 1, description: "What the person may do" }),
  }),
  output: UserOutput,
});
export const listUsers = action({
  path: "ia/user/list",
  summary: "List accounts",
  effect: "read",
  permission: "identity:user",
  input: Type.Object(pageInput),
  output: PageOf(UserOutput),
});
export const disableUser = action({
  path: "ia/user/disable",
  summary: "Lock an account and end its sessions and tokens",
  effect: "write",
  permission: "identity:user",
  isAllowedWhenFull: true,
  input: Type.Object({ user: Ref("user", "The account: id or name") }),
  output: UserOutput,
});
export const enableUser = action({
  path: "ia/user/enable",
  summary: "Unlock an account; sessions and tokens that ended stay ended",
  effect: "write",
  permission: "identity:user",
  input: Type.Object({ user: Ref("user", "The account: id or name") }),
  output: UserOutput,
});
export const listEvents = action({
  path: "ia/event/list",
  summary: "Read the control plane's events after a number, oldest first, or the newest ones",
  effect: "read",
  permission: "event:read",
  input: Type.Object({
    after: Type.Optional(Type.Integer({ minimum: 0, description: "Events after this number; the newest when absent" })),
    type: Type.Optional(
      Type.Array(Type.String({ maxLength: 128 }), {
        description: "Only these; `datarequest.*` stands for all of a class",
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100, description: "Events at most" })),
  }),
  output: Type.Object({
    events: Type.Array(
      Type.Object({
        number: Type.Integer(),
        type: Type.String(),
        subject: Type.String(),
        at: Type.Integer(),
        data: Type.Record(Type.String(), Type.Unknown()),
      }),
    ),
    next: Type.Integer({ description: "The number to ask after next" }),
  }),
});

export type User = Row<typeof user>;
export type ApiToken = Row<typeof apiToken>;

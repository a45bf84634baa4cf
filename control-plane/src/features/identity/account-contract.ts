import { Type } from "@sinclair/typebox";
import { commandKinds } from "@edgemere/protocol";
import { machine } from "@edgemere/protocol/kit";
import { resource, type Row } from "../../platform/resource.ts";

/** What moves data, or brings policies, is asked for by the part that decides about it, and people ask that. */
const isPeoples = (kind: string): boolean => !kind.startsWith("data.") && kind !== "policy.pack";
const harmlessCommands = Object.entries(commandKinds)
  .filter(([kind, { dangerous }]) => !dangerous && isPeoples(kind))
  .map(([kind]) => `command:${kind}`);

/** Everybody with a role looks after the own sessions and the own password. */
const OWN_SESSIONS = "own:session";

/** Roles and what they may do. Terminal and exec are permissions of their own and belong to no role but owner. */
export const roles = {
  viewer: [
    OWN_SESSIONS,
    "device:read",
    "telemetry:read",
    "job:read",
    "data:read",
    "policy:read",
    "notice:read",
    "event:read",
    "storage:read",
    "metrics:read",
  ],
  operator: [
    OWN_SESSIONS,
    "device:read",
    "device:write",
    "telemetry:read",
    "telemetry:write",
    "job:read",
    "job:create",
    ...harmlessCommands,
    "data:*",
    "policy:*",
    "contact:*",
    "notice:*",
    "event:read",
    "enrol:create",
    "enrol:approve",
    "storage:read",
    "metrics:read",
    "backup:read",
    "backup:create",
  ],
  provisioner: [OWN_SESSIONS, "device:read", "enrol:create", "event:read"],
  approver: [OWN_SESSIONS, "device:read", "enrol:approve", "job:read", "job:approve", "event:read"],
  security: [
    OWN_SESSIONS,
    "device:read",
    "device:retire",
    "identity:*",
    "audit:read",
    "event:read",
    "key:read",
    "recording:read",
  ],
  owner: ["*"],
} as const satisfies Record<string, readonly string[]>;
export type Role = keyof typeof roles;
export const RoleName = Type.Union((Object.keys(roles) as Role[]).map((role) => Type.Literal(role)));

export const UserName = Type.String({
  pattern: "^[a-z0-9][a-z0-9._-]{0,62}$",
  description: "Lower case letters, digits, dot, dash",
});
export const Password = Type.String({ minLength: 12, maxLength: 1_024, description: "At least 12 characters" });

export const Selector = Type.String({
  minLength: 1,
  maxLength: 1_024,
  description: 'Which devices, by id, name and labels: "site=berlin"',
});
export const LimitedRole = Type.Object({ role: RoleName, selector: Selector }, { additionalProperties: false });
export const LimitedRoles = Type.Array(LimitedRole, {
  maxItems: 32,
  description: 'Roles for some devices only: [{"role":"operator","selector":"site=berlin"}]',
});
export const LimitedGrants = Type.Array(
  Type.Object({ permission: Type.String(), selectors: Type.Array(Type.String()) }),
  {
    description: "What may be done for those devices only that all selectors match",
  },
);

export const user = resource({
  name: "user",
  summary: "A person with an account",
  shape: Type.Object({
    name: UserName,
    /** For all devices. */
    roles: Type.Array(RoleName),
    /** For some only. */
    limitedRoles: Type.Optional(Type.Array(LimitedRole)),
    /** Empty where somebody signs in at the identity provider only. */
    passwordHash: Type.String(),
    /** Who it is at the identity provider. */
    external: Type.Optional(Type.Object({ issuer: Type.String(), subject: Type.String() })),
  }),
  life: machine("user", "active", { active: { disable: "disabled" }, disabled: { enable: "active" } }),
  revoking: ["disabled"],
  indexes: {
    name: ({ name }) => [[name]],
    external: ({ external }) => (external === undefined ? [] : [[external.issuer, external.subject]]),
  },
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
    /** Holds for these devices only, and for no more than its owner's permissions do. */
    selector: Type.Optional(Selector),
    expiresAt: Type.Integer(),
    /** Of a session: when its person last proved who they are. */
    provedAt: Type.Optional(Type.Integer()),
    /** Of a session: where it began. */
    address: Type.Optional(Type.String()),
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

export type User = Row<typeof user>;
export type ApiToken = Row<typeof apiToken>;

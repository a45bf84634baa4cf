/** A permission that holds for some devices only: those that every one of the selectors matches. */
export interface LimitedGrant {
  readonly permission: string;
  readonly selectors: readonly string[];
}

/** Who asks, and by which road. A rule, a device and a person are callers alike. */
export interface Caller {
  /** `user:alice`, `token:<id>`, `device:<id>`, `rule:<name>`, `system`. */
  readonly actor: string;
  readonly via: "rest" | "websocket" | "mqtt" | "device" | "rule" | "system";
  /** What the caller may do everywhere; `*` and a trailing `:*` stand for everything below. */
  readonly permissions: readonly string[];
  /** What the caller may do for some devices only. */
  readonly limited?: readonly LimitedGrant[];
  /** Ties answer, log and audit entry together. */
  readonly requestId: string;
  /** The same key with the same input gives the same answer and is done once. */
  readonly idempotencyKey?: string | undefined;
  /** The credential that was shown, where there is one, so that it can be ended. */
  readonly session?: string | undefined;
  /** Id of the account behind the credential: a person and that person's tokens are one. */
  readonly account?: string | undefined;
  /** Of a session: when the person last proved who they are, milliseconds since 1970. */
  readonly provedAt?: number | undefined;
  /** Where the request came from. */
  readonly address?: string | undefined;
}

/** The control plane in its own name, with no permission beyond those that the asking at hand takes. */
export const itself = (
  permissions: readonly string[],
  { newId }: { readonly newId: () => string },
): Caller & { readonly via: "system" } => ({ actor: "system", via: "system", permissions, requestId: newId() });

/** The permission of actions that need no credentials: enrolment and sign-in prove themselves in their input. */
export const ANYONE = "anyone";

/** Whether one permission covers another: `*` and a trailing `:*` stand for everything below. */
export const covers = (held: string, needed: string): boolean =>
  held === "*" || held === needed || (held.endsWith(":*") && needed.startsWith(held.slice(0, -1)));

/** Whether somebody may do something for every device. What holds for some devices only does not count. */
export const may = ({ permissions }: Pick<Caller, "permissions">, permission: string): boolean =>
  permission === ANYONE || permissions.some((held) => covers(held, permission));

/** Whether somebody may do something for at least some devices. For which ones, `Scopes` tells. */
export const maySomewhere = (caller: Pick<Caller, "permissions" | "limited">, permission: string): boolean =>
  may(caller, permission) || (caller.limited ?? []).some((grant) => covers(grant.permission, permission));

/** Who a credential belongs to. */
export type Identity = Pick<Caller, "actor" | "permissions" | "limited" | "session" | "account" | "provedAt">;

/** Finds the identity of a credential (`edt_<id>_<secret>`); undefined when it is wrong, expired or revoked. */
export type Authenticate = (credential: string) => Promise<Identity | undefined>;

/** The identity of somebody who showed no credential. */
export const nobody: Identity = { actor: "nobody", permissions: [] };

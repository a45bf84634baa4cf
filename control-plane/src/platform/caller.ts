/** Who asks, and by which road. A rule, a device and a person are callers alike. */
export interface Caller {
  /** `user:alice`, `token:<id>`, `device:<id>`, `rule:<name>`, `system`. */
  readonly actor: string;
  readonly via: "rest" | "websocket" | "mqtt" | "device" | "rule" | "system";
  /** What the caller may do; `*` and a trailing `:*` stand for everything below. */
  readonly permissions: readonly string[];
  /** Ties answer, log and audit entry together. */
  readonly requestId: string;
  /** The same key with the same input gives the same answer and is done once. */
  readonly idempotencyKey?: string | undefined;
  /** The credential that was shown, where there is one, so that it can be ended. */
  readonly session?: string | undefined;
  /** Where the request came from. */
  readonly address?: string | undefined;
}

/** The permission of actions that need no credentials: enrolment and sign-in prove themselves in their input. */
export const ANYONE = "anyone";

export const may = ({ permissions }: Pick<Caller, "permissions">, permission: string): boolean =>
  permission === ANYONE ||
  permissions.some(
    (held) => held === "*" || held === permission || (held.endsWith(":*") && permission.startsWith(held.slice(0, -1))),
  );

/** Who a credential belongs to. */
export type Identity = Pick<Caller, "actor" | "permissions" | "session">;

/** Finds the identity of a credential (`edt_<id>_<secret>`); undefined when it is wrong, expired or revoked. */
export type Authenticate = (credential: string) => Promise<Identity | undefined>;

/** The identity of somebody who showed no credential. */
export const nobody: Identity = { actor: "nobody", permissions: [] };

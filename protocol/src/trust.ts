import type { KeyObject } from "node:crypto";

/** What a key may sign for: "device" is a device's own word, the others are roles of a keyring. */
export type Role = "root" | "commands" | "dangerous" | "releases" | "device";

/** The keys that may sign for one role, by the name a signature gives as a hint, and how many of them must. No key stands here twice. */
export interface RoleKeys {
  /** At least 1. */
  readonly threshold: number;
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/** Whom a reader of envelopes trusts for a role, now. A role that is not known has no keys. */
export type Trust = (role: Role) => RoleKeys;

export const nobody: RoleKeys = { threshold: 1, keys: new Map() };

/** Trusts one key, for one role only. */
export const trustOnly =
  (role: Role, keyId: string, key: KeyObject): Trust =>
  (asked) =>
    asked === role ? { threshold: 1, keys: new Map([[keyId, key]]) } : nobody;

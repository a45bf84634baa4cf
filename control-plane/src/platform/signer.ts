import type { keyringRoles, SigningKey, Trust, v1 } from "@edgemere/protocol";

/** Who signs what the control plane says to devices, and which keyrings tell those whom to believe. */
export interface Signer {
  /** As many keys as what needs this role must be signed with; fewer where some are not here. */
  keysFor(role: "commands" | "dangerous"): readonly SigningKey[];
  /** Of the newest keyring. */
  readonly keyringVersion: number;
  /** The documents that a device with this version needs to follow, oldest first. */
  keyringsAfter(version: number): readonly v1.SignedEnvelope.$Shape[];
}

/** What the keyring is now. Times are instants, milliseconds. */
export interface KeyringStatus {
  readonly version: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly roles: readonly {
    readonly role: string;
    readonly threshold: number;
    readonly keys: readonly { readonly keyId: string; readonly until: number; readonly isHere: boolean }[];
  }[];
}

/** Who holds the keys that sign for devices. */
export interface Keys {
  status(): KeyringStatus;
  /** Whom devices believe that have the newest keyring. */
  readonly trust: Trust;
  /**
   * Makes a new key for a role, and a keyring that names it: in force, or where the root's keys are not here, a draft (a
   * SignedEnvelope without signatures) that waits for theirs. `grace` is in milliseconds. Throws Problem.
   */
  rotate(wish: {
    readonly role: (typeof keyringRoles)[number];
    readonly grace: number;
    readonly above: number;
  }): Promise<{ readonly version: number; readonly draft?: Uint8Array }>;
  /** Puts a keyring in force that was signed elsewhere: a SignedEnvelope. Throws Problem. */
  take(bytes: Uint8Array): Promise<{ readonly version: number }>;
}

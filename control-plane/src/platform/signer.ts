import type { SigningKey, v1 } from "@edgemere/protocol";

/** Who signs what the control plane says to devices, and which keyrings tell those whom to believe. */
export interface Signer {
  /** As many keys as what needs this role must be signed with; fewer where some are not here. */
  keysFor(role: "commands" | "dangerous"): readonly SigningKey[];
  /** Of the newest keyring. */
  readonly keyringVersion: number;
  /** The documents that a device with this version needs to follow, oldest first. */
  keyringsAfter(version: number): readonly v1.SignedEnvelope.$Shape[];
}

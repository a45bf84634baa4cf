import type { PlatformContext } from "../../platform/context.ts";
import type { DeviceLink } from "../../platform/device-link.ts";
import type { Random } from "@edgemere/protocol/kit";

/** A device's identity as it was issued. */
export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, from the issuer to the root. */
  readonly chain: readonly string[];
  /** Hex, lower case. */
  readonly serial: string;
  readonly notAfter: number;
}

/** Who makes identities: the only holder of the issuing keys. */
export interface Authority {
  readonly trustDomain: string;
  /** SHA-256 of the root's public key, base64url. */
  readonly pin: string;
  /** The newest edgemere.v1.Keyring, encoded, and its number. */
  readonly keys: { readonly keyring: Uint8Array; readonly version: number };
  /** Checks the request's proof of possession; everything in it but the public key is ignored. Throws Problem invalid-input. */
  publicKeyOf(certificateRequest: string): Promise<{ readonly hash: string }>;
  issue(certificateRequest: string, device: string): Promise<IssuedCertificate>;
}

export interface DevicesContext extends PlatformContext {
  readonly link: DeviceLink;
  readonly random: Random;
  readonly authority: Authority;
  /** Where devices find the control plane. */
  readonly addresses: { readonly deviceApi: string; readonly mqtt: readonly string[] };
  /** How long the history of inventories is kept, milliseconds. */
  readonly retention?: { readonly inventoryHistory: number };
}

import type { PlatformContext } from "../../platform/context.ts";
import type { Counter } from "../../platform/figures.ts";
import type { DeviceLink } from "../../platform/device-link.ts";
import type { Signer } from "../../platform/signer.ts";
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
  publicKeyOf(certificateRequest: string): Promise<{
    readonly hash: string;
    /** What the request asks for beside its key, in words; none is granted. */
    readonly wishes: readonly string[];
  }>;
  issue(certificateRequest: string, device: string): Promise<IssuedCertificate>;
  /** Statements of how many certificates a device has had, that only this control plane can have signed. */
  readonly joinStates: {
    sign(state: JoinState): string;
    /** Undefined when it is none of ours. */
    read(text: string): JoinState | undefined;
  };
}

interface JoinState {
  readonly device: string;
  /** That of the certificate with which it was given. */
  readonly number: number;
}

export interface DevicesContext extends PlatformContext {
  readonly link: DeviceLink;
  readonly random: Random;
  readonly authority: Authority;
  /** Signs what a device must be able to believe whoever tells it. */
  readonly signer: Signer;
  /** Which life of the control plane this is. */
  readonly generation: () => number;
  /** Where devices find the control plane. */
  readonly addresses: { readonly deviceApi: string; readonly mqtt: readonly string[] };
  /** Counts what the doors of people, programs and enrolling devices refused, by `listener` and `reason`. */
  readonly doors?: Pick<Counter, "figure">;
  /** How long the history of inventories is kept, milliseconds. */
  readonly retention?: { readonly inventoryHistory: number };
}

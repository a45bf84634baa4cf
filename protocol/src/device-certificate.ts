import { preAuthenticationEncoding } from "./envelope.ts";
import { MINUTE } from "./kit/index.ts";

/** A certificate begins to hold this long before it is made, milliseconds: the clock of whoever checks it may be behind. */
export const CERTIFICATE_BACKDATED = 5 * MINUTE;

/** The common name in a device's certificate request. It means nothing: who the device is says the control plane. */
export const REQUEST_NAME = "edgemere device";

const RECOVERY_TYPE = "application/vnd.edgemere.recovery.v1+json";

/** What a device signs whose certificate has expired. */
export interface Recovery {
  readonly device: string;
  /** As the control plane gave it. */
  readonly challenge: string;
  /** PKCS#10, PEM: for the new key. */
  readonly certificateRequest: string;
  /** As it was issued with the last certificate; empty when there was none. */
  readonly joinState: string;
}

/** The bytes of a recovery that the device's message key signs (Ed25519): all of it, unambiguously. */
export const recoveryStatement = ({ device, challenge, certificateRequest, joinState }: Recovery): Uint8Array =>
  preAuthenticationEncoding(
    RECOVERY_TYPE,
    Buffer.from(JSON.stringify([device, challenge, certificateRequest, joinState])),
  );

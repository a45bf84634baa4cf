import { createPrivateKey } from "node:crypto";
import { decode, publicKeyFromBytes, v1, type Keyring, type KeyFinder, type PayloadName } from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";

/** Who this device is, and whom it trusts. Made by enrolment; an agent never destroys it on an error. */
export interface Identity {
  readonly device: string;
  readonly name: string;
  readonly trustDomain: string;
  /** Address of the device API, `https://host:port`. */
  readonly server: string;
  /** Address of the broker, `mqtts://host:port`. */
  readonly mqtt: string;
  /** PEM; its public key belongs to `key`. */
  readonly certificate: string;
  /** PEM, from the issuer to the root. */
  readonly chain: readonly string[];
  /** PEM: the only certificate this device trusts. */
  readonly rootCertificate: string;
  /** PEM: private key of the certificate. */
  readonly key: string;
  /** PEM: private Ed25519 key for what the device itself signs. */
  readonly messageKey: string;
  readonly keyring: Keyring;
}

import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { privateKeyFromSeed } from "@edgemere/protocol";
import { anAuthority } from "./certificates.test-support.ts";
import { DEVICE, keyring } from "./control-plane.test-support.ts";
import type { Certified } from "./identity-slots.ts";
import type { Identity } from "./identity.ts";

const authority = anAuthority();
const pem = (key: ReturnType<typeof generateKeyPairSync>["privateKey"]) =>
  key.export({ format: "pem", type: "pkcs8" }).toString();

/** A certificate of the test's device for a public key, DER, that holds in these years. */
export const certifiedFor = (publicKey: Uint8Array, years: readonly [number, number] = [2020, 2099]): Certified => ({
  certificate: authority.certify({ name: DEVICE, publicKey, years }),
  chain: [authority.root],
  joinState: "a newer state",
});

export const publicHalf = (key: string): Uint8Array => createPublicKey(key).export({ format: "der", type: "spki" });

/** An identity as enrolment makes it, with a key of its own. */
export function anIdentity(years?: readonly [number, number]): Identity {
  const key = pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
  return {
    device: DEVICE,
    name: "host",
    trustDomain: "test",
    server: "https://127.0.0.1:1",
    mqtt: ["mqtts://127.0.0.1:1"],
    rootCertificate: authority.root,
    messageKey: pem(privateKeyFromSeed(new Uint8Array(32).fill(3))),
    keyring,
    key,
    ...certifiedFor(publicHalf(key), years),
    joinState: "the first state",
  };
}

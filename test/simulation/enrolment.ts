import type { Identity } from "@edgemere/agent";
import { decode, parseToken, privateKeyFromSeed, publicKeyBytes, v1 } from "@edgemere/protocol";
import type { SimulatedControlPlane } from "./simulated-control-plane.ts";

export const TRUST_DOMAIN = "simulation.test";

const privateKey = privateKeyFromSeed(new Uint8Array(32).fill(7));
/** The key of every simulated control plane. */
const signingKey = { keyId: "simulated", privateKey };
export const signer = { keysFor: () => [signingKey], keyringVersion: 1, keyringsAfter: () => [] };
export const keyring = v1.Keyring.encode({
  version: 1,
  keys: [{ role: "commands", keyId: signingKey.keyId, publicKey: publicKeyBytes(privateKey) }],
}).finish();
const messageKey = Buffer.from(publicKeyBytes(privateKey)).toString("base64");

/** A new device's identity. Through the front door, but for the certificates; the clock must go on meanwhile. */
export async function enrolled(name: string, controlPlane: SimulatedControlPlane): Promise<Identity> {
  const { token } = (await controlPlane.ask("cpl/dm/token/create", {})) as { readonly token: string };
  const { id, secret } = parseToken(token);
  const { device } = (await controlPlane.ask("cpl/dm/agent/register", {
    token: `${id}.${secret}`,
    certificateRequest: name,
    messageKey,
    signsResults: true,
    name,
    machineId: name,
    agentVersion: "simulated",
    nonce: name,
  })) as { readonly device: string };
  return {
    device,
    name,
    trustDomain: TRUST_DOMAIN,
    server: "https://control-plane.test",
    mqtt: ["mqtts://control-plane.test"],
    certificate: "",
    chain: [],
    rootCertificate: "",
    key: "",
    messageKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    keyring: decode(v1.Keyring, keyring),
  };
}

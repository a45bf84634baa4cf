import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { ANYONE } from "../../platform/caller.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { Labels } from "../../platform/names.ts";
import { statesInput } from "../../platform/states.ts";
import { device } from "./contract.ts";

/** Its id is the serial number: hexadecimal, lower case. */
export const certificate = resource({
  name: "certificate",
  summary: "A certificate of a device",
  shape: Type.Object({
    device: Type.String(),
    /** One more than that of the device's certificate before; 0 for one from before they were numbered. */
    number: Type.Integer(),
    /** Instant at which it ends. */
    notAfter: Type.Integer(),
    /** SHA-256 of the public key, base64url. */
    keyHash: Type.String(),
    cause: Type.Union(["enrolment", "renewal", "recovery"].map((each) => Type.Literal(each))),
    /** While a newer one has not connected, this one is good until then; 0: no newer one was issued. */
    acceptedUntil: Type.Integer(),
    /** What the request asked for beside its key, and did not get. */
    wishes: Type.Array(Type.String()),
  }),
  life: machine("certificate", "issued", {
    issued: { use: "current", replace: "superseded", revoke: "revoked" },
    current: { replace: "superseded", revoke: "revoked" },
    superseded: {},
    revoked: {},
  }),
  revoking: ["revoked"],
  belongsTo: ({ device: of }) => [of],
  indexes: { device: ({ device: of, number }) => [[of, number]], end: ({ notAfter }) => [[notAfter]] },
});

const CertificateRequest = Type.String({
  maxLength: 8_192,
  description: "PKCS#10, PEM; only its public key is used",
});
const JoinState = Type.String({
  maxLength: 1_024,
  description: "As it came with the last certificate; empty: none did",
});

/** What a device gets that asks for a certificate. */
const given = {
  state: Type.Union(
    ["issued", "waiting", "retired"].map((each) => Type.Literal(each)),
    { description: "waiting: ask again later with the same key; retired: the head says so, signed" },
  ),
  certificate: Type.Optional(Type.String({ description: "PEM" })),
  chain: Type.Optional(Type.Array(Type.String(), { description: "PEM, from the issuer to the root" })),
  joinState: Type.Optional(Type.String({ description: "To be shown with the next request" })),
  head: Type.Optional(Type.String({ description: "edgemere.v1.SignedEnvelope of a SyncHead, base64" })),
};

/** Called by agents, on the device API. The token in the body is the credential. */
export const registerAgent = action({
  path: "cpl/dm/agent/register",
  summary: "Enrol a device: a token and a certificate request for an identity",
  effect: "write",
  permission: ANYONE,
  forDevices: true,
  secrets: ["token"],
  input: Type.Object({
    token: Type.String({ maxLength: 256, description: "<id>.<secret> of an enrolment token" }),
    certificateRequest: CertificateRequest,
    messageKey: Type.String({ maxLength: 64, description: "Raw Ed25519 public key, base64" }),
    signsResults: Type.Optional(
      Type.Boolean({ description: "Whether the agent signs how commands ended; then nothing else is believed" }),
    ),
    sealingKey: Type.Optional(
      Type.String({ maxLength: 64, description: "Raw X25519 public key, base64; secrets are sealed for it" }),
    ),
    name: Type.String({ maxLength: 253, description: "Proposed name: the host's" }),
    machineId: Type.String({ maxLength: 128, description: "What the operating system knows the host by" }),
    agentVersion: Type.String({ maxLength: 64, description: "Version of the agent that asks" }),
    nonce: Type.String({ maxLength: 64, description: "Random text that makes this request unlike any other" }),
    labels: Type.Optional(Labels),
  }),
  output: Type.Object({
    device: Type.String(),
    name: Type.String(),
    trustDomain: Type.String(),
    ...given,
    keyring: Type.String({ description: "edgemere.v1.Keyring, base64" }),
    mqtt: Type.Array(Type.String(), { description: "mqtts://host:port, the preferred one first" }),
  }),
});

/** On the device API, where the client's certificate is the credential. */
export const renewAgent = action({
  path: "cpl/dm/agent/renew",
  summary: "Renew a device's certificate while the present one holds",
  effect: "write",
  permission: "agent:renew",
  forDevices: true,
  isAllowedWhenFull: true,
  input: Type.Object({ certificateRequest: CertificateRequest }),
  output: Type.Object(given),
});

export const challengeAgent = action({
  path: "cpl/dm/agent/challenge",
  summary: "Get the challenge that a recovering device has to sign",
  effect: "read",
  permission: ANYONE,
  forDevices: true,
  input: Type.Object({ device: Type.String({ maxLength: 64, description: "Id of the device that recovers" }) }),
  output: Type.Object({ challenge: Type.String(), expiresAt: Type.Integer() }),
});

/** On the device API. The signature of the device's message key is the credential. */
export const recoverAgent = action({
  path: "cpl/dm/agent/recover",
  summary: "Get a certificate for a device whose own has expired",
  effect: "write",
  permission: ANYONE,
  forDevices: true,
  isAllowedWhenFull: true,
  input: Type.Object({
    device: Type.String({ maxLength: 64, description: "Id of the device" }),
    challenge: Type.String({ maxLength: 256, description: "As it was given, and not older than two minutes" }),
    certificateRequest: CertificateRequest,
    joinState: JoinState,
    signature: Type.String({ maxLength: 128, description: "Ed25519 over all the others, base64" }),
  }),
  output: Type.Object(given),
});

const DeviceRef = Ref("device", "The device: id or name");

export const listCertificates = action({
  path: "cpl/dm/certificate/list",
  summary: "List a device's certificates, newest first",
  effect: "read",
  permission: "device:read",
  scope: "referenced",
  input: Type.Object({ device: DeviceRef, ...statesInput(certificate), ...pageInput }),
  output: PageOf(rowSchema(certificate)),
});
export const revokeCertificate = action({
  path: "cpl/dm/certificate/revoke",
  danger: () => "device:write",
  summary: "Refuse one certificate for ever; its device may come back with a new one once that is approved",
  effect: "destroy",
  permission: "device:write",
  scope: "referenced",
  isAllowedWhenFull: true,
  input: Type.Object({ serial: Ref("certificate", "Serial number, hexadecimal") }),
  output: rowSchema(certificate),
});
export const listWaiting = action({
  path: "cpl/dm/device/waiting",
  summary: "List the devices that wait for a decision about their identity",
  effect: "read",
  permission: "device:read",
  scope: "filtered",
  input: Type.Object(pageInput),
  output: PageOf(rowSchema(device)),
});
export const approveDevice = action({
  path: "cpl/dm/device/approve",
  // The other device is retired, which cannot be taken back.
  danger: ({ replace }: { replace?: boolean }) => (replace === true ? "enrol:approve" : undefined),
  summary: "Let a waiting device have its certificate",
  effect: "write",
  permission: "enrol:approve",
  scope: "referenced",
  input: Type.Object({
    device: DeviceRef,
    replace: Type.Optional(
      Type.Boolean({
        description: "Of a host that is a device already: retire that one and take over its name, or (false) keep both",
      }),
    ),
  }),
  output: rowSchema(device),
});
export const splitDevice = action({
  path: "cpl/dm/device/split",
  summary: "End a quarantine: who holds the newest certificate goes on, every copy must enrol anew",
  effect: "write",
  permission: "device:write",
  scope: "referenced",
  input: Type.Object({ device: DeviceRef }),
  output: rowSchema(device),
});
export const replaceDevice = action({
  path: "cpl/dm/device/replace",
  danger: () => "device:write",
  summary: "End a quarantine: who asked last goes on, the certificates until now are refused",
  effect: "write",
  permission: "device:write",
  scope: "referenced",
  input: Type.Object({ device: DeviceRef }),
  output: rowSchema(device),
});

export type Certificate = Row<typeof certificate>;

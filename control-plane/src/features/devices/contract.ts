import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { ANYONE } from "../../platform/caller.ts";
import { updated, type Change } from "../../platform/change.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";

export const Labels = Type.Record(
  Type.String({ pattern: "^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$" }),
  Type.String({ maxLength: 256 }),
  { additionalProperties: false, description: "Keys and values an operator gives a device" },
);
const FactValue = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);
export const presences = ["offline", "online", "silent", "flapping"] as const;
const Presence = Type.Union(presences.map((each) => Type.Literal(each)));
const Name = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: "^[^\\s/\\x00-\\x1f\\x7f]([^/\\x00-\\x1f\\x7f]*[^\\s/\\x00-\\x1f\\x7f])?$",
  description: "Name of the device, without a slash",
});

export const device = resource({
  name: "device",
  summary: "A managed host",
  shape: Type.Object({
    name: Name,
    labels: Labels,
    presence: Presence,
    /** When presence last changed. */
    presenceAt: Type.Integer(),
    /** Epoch of the session that presence speaks of; news of older ones are ignored. */
    sessionEpoch: Type.Integer(),
    agent: Type.Object({
      version: Type.String(),
      bootId: Type.String(),
      capabilities: Type.Array(Type.String()),
      lastExitReason: Type.String(),
      /** Device wall clock minus the control plane's, milliseconds, at the last Hello. */
      clockOffset: Type.Number(),
    }),
    /** What is wrong with the device now, in stable words: its own, and "clock-wrong". */
    conditions: Type.Optional(Type.Array(Type.String())),
    /** Why it is in quarantine; empty when it is not. */
    quarantineReason: Type.Optional(Type.String()),
    inventory: Type.Record(Type.String(), FactValue),
    certificate: Type.Object({ serial: Type.String(), notAfter: Type.Integer() }),
    machineId: Type.String(),
    /** Raw Ed25519 public key, base64: signs what the device reports. */
    messageKey: Type.String(),
    /** Whether the device is known to sign how its commands ended; what it does not sign then is not its word. */
    signsResults: Type.Optional(Type.Boolean()),
    /** Raw X25519 public key, base64: secrets are sealed for it. */
    sealingKey: Type.Optional(Type.String()),
    /** The newest thing about it that looks like somebody's doing. */
    alert: Type.Optional(Type.Object({ at: Type.Integer(), reason: Type.String(), detail: Type.String() })),
  }),
  life: machine("device", "pending", {
    pending: { activate: "active", retire: "retired" },
    active: { quarantine: "quarantined", retire: "retired" },
    quarantined: { release: "active", retire: "retired" },
    retired: {},
  }),
  news: ["online", "offline", "silent", "flapping", "condition", "alert"],
  revoking: ["quarantined", "retired"],
  belongsTo: ({ id }) => [id],
  indexes: { name: ({ name }) => [[name]], presence: ({ presence }) => [[presence]] },
});

export const token = resource({
  name: "enrolmenttoken",
  summary: "A permission to enrol devices",
  shape: Type.Object({
    uses: Type.Integer(),
    used: Type.Integer(),
    expiresAt: Type.Integer(),
    labels: Labels,
    secretHash: Type.String(),
    /** Device per key (SHA-256 of the public key) that used it: a lost answer may be asked for again with the same key. */
    devices: Type.Record(Type.String(), Type.String()),
    author: Type.String(),
  }),
  life: machine("enrolment token", "open", {
    open: { exhaust: "used", expire: "expired", revoke: "revoked" },
    used: {},
    expired: {},
    revoked: {},
  }),
  revoking: ["used", "revoked"],
  indexes: { state: ({ state, expiresAt }) => [[state, expiresAt]] },
  secrets: ["secretHash"],
});

const DeviceRef = Ref("device", "The device: id or name");
const changing = { effect: "write", permission: "device:write", scope: "referenced" } as const;
const showing = { effect: "read", permission: "device:read", scope: "referenced" } as const;
const listing = { effect: "read", permission: "device:read", scope: "filtered" } as const;

export const listDevices = action({
  path: "cpl/dm/device/list",
  summary: "List devices, by name",
  ...listing,
  input: Type.Object({
    selector: Type.Optional(
      Type.String({
        maxLength: 2_048,
        description:
          'Which devices: labels ("site=berlin,role in (gw,edge)") or an expression (presence == "online" && inventory["os.name"] == "Debian")',
      }),
    ),
    ...pageInput,
  }),
  output: PageOf(rowSchema(device)),
});
export const findDevice = action({
  path: "cpl/dm/device/find",
  summary: "Show one device",
  ...showing,
  input: Type.Object({ device: DeviceRef }),
  output: rowSchema(device),
});
export const updateDevice = action({
  path: "cpl/dm/device/update",
  summary: "Rename a device",
  ...changing,
  input: Type.Object({ device: DeviceRef, name: Name }),
  output: rowSchema(device),
});
export const labelDevice = action({
  path: "cpl/dm/device/label",
  summary: "Set and remove labels of a device",
  ...changing,
  input: Type.Object({
    device: DeviceRef,
    set: Type.Optional(Labels),
    remove: Type.Optional(Type.Array(Type.String(), { description: "Keys to remove" })),
  }),
  output: rowSchema(device),
});
export const quarantineDevice = action({
  path: "cpl/dm/device/quarantine",
  summary: "Keep a device connected but give it no commands",
  ...changing,
  isAllowedWhenFull: true,
  input: Type.Object({
    device: DeviceRef,
    reason: Type.Optional(Type.String({ maxLength: 1_024, description: "Why" })),
  }),
  output: rowSchema(device),
});
export const releaseDevice = action({
  path: "cpl/dm/device/release",
  summary: "End a device's quarantine: what it says is believed again",
  ...changing,
  input: Type.Object({ device: DeviceRef }),
  output: rowSchema(device),
});
export const retireDevice = action({
  path: "cpl/dm/device/retire",
  summary:
    "End a device's membership for ever: it is disconnected, its open commands are lost, its certificate is refused",
  effect: "destroy",
  permission: "device:retire",
  scope: "referenced",
  input: Type.Object({ device: DeviceRef }),
  output: rowSchema(device),
});
export const inventoryHistory = action({
  path: "cpl/dm/device/history",
  summary: "Show how a device's inventory changed, newest first",
  ...showing,
  input: Type.Object({
    device: DeviceRef,
    attribute: Type.Optional(Type.String({ description: "One fact only, such as os.version" })),
    ...pageInput,
  }),
  output: PageOf(
    Type.Object({
      id: Type.String(),
      at: Type.Integer(),
      attribute: Type.String(),
      before: Type.Optional(FactValue),
      after: Type.Optional(FactValue),
    }),
  ),
});
export const summariseFleet = action({
  path: "cpl/dm/device/summary",
  summary: "Count devices by presence, state, condition, agent version and operating system",
  ...listing,
  input: Type.Object({}),
  output: Type.Object({
    total: Type.Integer(),
    presence: Type.Record(Type.String(), Type.Integer()),
    state: Type.Record(Type.String(), Type.Integer()),
    conditions: Type.Record(Type.String(), Type.Integer(), { description: "Without retired devices" }),
    agentVersion: Type.Record(Type.String(), Type.Integer()),
    operatingSystem: Type.Record(Type.String(), Type.Integer()),
  }),
});
const TokenOutput = Type.Object({
  id: Type.String(),
  state: Type.String(),
  uses: Type.Integer(),
  used: Type.Integer(),
  expiresAt: Type.Integer(),
  labels: Labels,
  author: Type.String(),
  createdAt: Type.Integer(),
});
export const createToken = action({
  path: "cpl/dm/token/create",
  summary: "Make an enrolment token; it is shown once",
  isShownOnce: true,
  effect: "write",
  permission: "enrol:create",
  input: Type.Object({
    uses: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 1, description: "How many devices may enrol with it" }),
    ),
    ttl: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 604_800, default: 3_600, description: "Seconds until it expires" }),
    ),
    labels: Type.Optional(Labels),
  }),
  output: Type.Object({
    id: Type.String(),
    token: Type.String({ description: "Paste it into: edgemere-agent enrol TOKEN" }),
    command: Type.String({ description: "The command that enrols a host" }),
    expiresAt: Type.Integer(),
  }),
});
export const listTokens = action({
  path: "cpl/dm/token/list",
  summary: "List enrolment tokens, newest first",
  effect: "read",
  permission: "enrol:create",
  input: Type.Object(pageInput),
  output: PageOf(TokenOutput),
});
export const revokeToken = action({
  path: "cpl/dm/token/revoke",
  summary: "Make an enrolment token useless",
  effect: "write",
  permission: "enrol:create",
  isAllowedWhenFull: true,
  input: Type.Object({ id: Ref("enrolmenttoken", "Id of the token") }),
  output: TokenOutput,
});
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
    certificateRequest: Type.String({ maxLength: 8_192, description: "PKCS#10, PEM; only its public key is used" }),
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
    certificate: Type.String({ description: "PEM" }),
    chain: Type.Array(Type.String(), { description: "PEM, from the issuer to the root" }),
    keyring: Type.String({ description: "edgemere.v1.Keyring, base64" }),
    mqtt: Type.Array(Type.String(), { description: "mqtts://host:port, the preferred one first" }),
  }),
});
export const listSessions = action({
  path: "cpl/dm/session/list",
  summary: "List the connections that devices have now",
  ...listing,
  input: Type.Object(pageInput),
  output: PageOf(
    Type.Object({
      device: Type.String(),
      epoch: Type.Integer(),
      since: Type.Integer(),
      lastHeardAt: Type.Integer(),
      address: Type.String(),
    }),
  ),
});
export const countRefusals = action({
  path: "cpl/dm/session/refusals",
  summary: "Count the messages from devices that were refused, by reason, since the start",
  effect: "read",
  permission: "device:read",
  input: Type.Object({}),
  output: Type.Object({ refusals: Type.Record(Type.String(), Type.Integer()) }),
});

export type Device = Row<typeof device>;
type Alert = NonNullable<Device["alert"]>;

/** Tells operators, and whoever listens, of something about a device that looks like somebody's doing. */
export const alerted = (row: Device, alert: Alert): Change => updated(device, row, { alert }, "alert");

export type Token = Row<typeof token>;

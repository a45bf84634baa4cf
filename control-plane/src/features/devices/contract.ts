import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { updated } from "../../platform/change.ts";
import { Labels, Name } from "../../platform/names.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { placesAmongGivers } from "./neighbour-contract.ts";
import { Stats } from "../telemetry-aggregator/contract.ts";

const FactValue = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);
export const presences = ["offline", "online", "silent", "flapping"] as const;
const Presence = Type.Union(presences.map((each) => Type.Literal(each)));

/** What is told of a device beside its life, and is part of its story. */
const happenings = [
  "online",
  "offline",
  "silent",
  "flapping",
  "condition",
  "alert",
  "waiting",
  "doubted",
  "presumptuous",
] as const;

export const device = resource({
  name: "device",
  summary: "A managed host",
  shape: Type.Object({
    name: Name,
    /** The name is its host's own choice, which no operator has confirmed: no grant speaks of it. */
    isNameProposed: Type.Optional(Type.Boolean()),
    labels: Labels,
    /** What its host said of itself at its enrolment and nobody has accepted: no selector knows of it. */
    proposedLabels: Type.Optional(Labels),
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
    /** The newest that was issued. */
    certificate: Type.Object({ serial: Type.String(), notAfter: Type.Integer() }),
    /** The life of its identity; absent for a device that has had one certificate only, of the time before renewals. */
    identity: Type.Optional(
      Type.Object({
        /** Number of the newest certificate and of the join state that went with it. */
        number: Type.Integer(),
        /** When it came back with an expired certificate, in the last 30 days. */
        recoveries: Type.Array(Type.Integer()),
        /** Why two holders of this identity are suspected; empty when none are. */
        doubt: Type.String(),
        /** Hash of the key that somebody asked a certificate for and did not get, until somebody has decided. */
        contender: Type.String(),
        /** Join states up to this number are those of a copy that was split off. */
        copiesUpTo: Type.Integer(),
        /** What waits for approval; empty when nothing does. */
        waitsFor: Type.Union(["", "enrolment", "replacement", "recovery"].map((each) => Type.Literal(each))),
        /** Hash of the key that was approved, until it has its certificate. */
        approvedKey: Type.String(),
        /** The device whose host this is too, while a replacement waits; else empty. */
        replaces: Type.String(),
      }),
    ),
    machineId: Type.String(),
    /** Raw Ed25519 public key, base64: signs what the device reports. */
    messageKey: Type.String(),
    signsResults: Type.Optional(Type.Boolean()),
    /** Raw X25519 public key, base64: secrets are sealed for it. */
    sealingKey: Type.Optional(Type.String()),
    /** Absent: the protocol of agents. Who speaks another one takes no commands. */
    speaks: Type.Optional(Type.Literal("sparkplug")),
    alert: Type.Optional(Type.Object({ at: Type.Integer(), reason: Type.String(), detail: Type.String() })),
    /** Of the newest window that is over: in the event device.stats alone, the row does not keep it. */
    stats: Type.Optional(Stats),
  }),
  life: machine("device", "pending", {
    pending: { activate: "active", retire: "retired" },
    active: { quarantine: "quarantined", retire: "retired" },
    quarantined: { release: "active", retire: "retired" },
    retired: {},
  }),
  news: [...happenings, "stats"],
  story: ["create", "pending", "active", "quarantined", "retired", ...happenings],
  revoking: ["quarantined", "retired"],
  belongsTo: ({ id }) => [id],
  indexes: {
    name: ({ name }) => [[name]],
    presence: ({ presence }) => [[presence]],
    life: ({ state, presence }) => [[state, presence]],
    givers: placesAmongGivers,
    machine: ({ machineId, state }) => (machineId === "" || state === "retired" ? [] : [[machineId]]),
    waiting: ({ id, state, identity }) =>
      state !== "retired" && identity !== undefined && (identity.waitsFor !== "" || identity.doubt !== "")
        ? [[id]]
        : [],
  },
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
  summary: "Rename a device, or confirm the name that its host chose",
  ...changing,
  input: Type.Object({ device: DeviceRef, name: Name }),
  output: rowSchema(device),
});
export const labelDevice = action({
  path: "cpl/dm/device/label",
  summary: "Set and remove labels of a device, and accept those that its host proposed",
  ...changing,
  input: Type.Object({
    device: DeviceRef,
    set: Type.Optional(Labels),
    accept: Type.Optional(
      Type.Array(Type.String({ maxLength: 63 }), {
        maxItems: 64,
        description: "Keys that are set as the host proposed",
      }),
    ),
    remove: Type.Optional(Type.Array(Type.String(), { description: "Keys to remove, also of what the host proposed" })),
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
  danger: () => "device:retire",
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
  summary: "Count what was refused since the start, by reason: messages from devices, and requests at each door",
  effect: "read",
  permission: "device:read",
  input: Type.Object({}),
  output: Type.Object({
    refusals: Type.Record(Type.String(), Type.Integer(), { description: "What devices said" }),
    doors: Type.Record(Type.String(), Type.Record(Type.String(), Type.Integer()), {
      description: "What people, programs and enrolling devices asked for, by listener",
    }),
  }),
});

export type Device = Row<typeof device>;
/** Tells operators, and whoever listens, of something about a device that looks like somebody's doing. */
export const alerted = (row: Device, alert: NonNullable<Device["alert"]>) => updated(device, row, { alert }, "alert");

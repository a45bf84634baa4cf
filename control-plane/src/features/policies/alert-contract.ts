import { Type } from "@sinclair/typebox";
import { alertLife } from "@edgemere/protocol/policy";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { explanation } from "../../platform/explanation.ts";
import { Instant } from "../../platform/instant.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { Done } from "./effect-contract.ts";
import { Deciding } from "./group-contract.ts";

/** Stands among ids of devices for all groups. */
export const OF_GROUPS = "";

/** What a condition looked at, and what it saw; without a value where there was none. */
const Looked = Type.Array(Type.Object({ what: Type.String(), value: Type.Optional(Type.Number()) }));

/**
 * A policy whose condition holds, or held, for a device or a group of devices. There is one for each of both: what happens again opens it again.
 * pending: it holds, not for long enough yet; it is gone without a word when it stops. firing: it counts. recovering: it does not
 * hold any more, not for long enough yet. resolved: it is over. nodata: what it hangs on is not measured. maintenance: it holds, and
 * that is no surprise now.
 */
export const alert = resource({
  name: "alert",
  summary: "A policy whose condition holds for a device, or for a group of devices",
  shape: Type.Object({
    policy: Type.String(),
    /** Absent: it is about a group. */
    device: Type.Optional(Type.String()),
    /** What the group is called: site=berlin, adevice:gateways, fleet. */
    group: Type.Optional(Type.String()),
    severity: Type.String(),
    /** When it began. Milliseconds since 1970 UTC, as all instants. */
    since: Type.Integer(),
    /** When it counted for the first time since it began. */
    firedAt: Type.Optional(Type.Integer()),
    /** When its condition stopped to hold. */
    clearedAt: Type.Optional(Type.Integer()),
    endedAt: Type.Optional(Type.Integer()),
    /** When it is looked at again, where time alone may change it. */
    dueAt: Type.Optional(Type.Integer()),
    /** Why it is no surprise, or what is missing; else empty. */
    reason: Type.String(),
    looked: Looked,
    /** Who decides about it, where that is not the centre: the device itself, which was heard on it then. */
    decidedOn: Type.Optional(Type.Literal("device")),
    heardAt: Type.Optional(Type.Integer()),
    /** How often it began. */
    episode: Type.Integer(),
    /** How often its state changed. */
    steps: Type.Optional(Type.Integer()),
    /** Who has said that they look after it, since it began. */
    acknowledgedBy: Type.Optional(Type.String()),
    /** What the policy says is still to be done. */
    isActing: Type.Optional(Type.Boolean()),
    /** What became of it, since it began. */
    done: Type.Optional(Type.Array(Done)),
  }),
  life: alertLife,
  news: ["acknowledged"],
  // What is known of a group is known of all its devices: who may not see every device does not see it.
  belongsTo: ({ device }) => (device === undefined ? [] : [device]),
  indexes: {
    device: ({ device, id }) => (device === undefined ? [] : [[device, id]]),
    open: ({ state, device = OF_GROUPS, id }) => (state === "resolved" ? [] : [[device, id]]),
    policy: ({ policy, id }) => [[policy, id]],
    due: ({ dueAt }) => (dueAt === undefined ? [] : [[dueAt]]),
    acting: ({ state, isActing, id }) => (state === "firing" && isActing === true ? [[id]] : []),
    ended: ({ state, updatedAt }) => (state === "resolved" ? [[updatedAt]] : []),
  },
});
export type Alert = Row<typeof alert>;

/** A device and a policy have one alert: its id follows from them. */
export const alertId = (policy: string, device: string): string => `${device}/${policy}`;
/** So have a group and a policy. */
export const groupAlertId = (policy: string, group: string): string => `@${group}/${policy}`;

const PATH = "sa/pe/alert";
const Counts = Type.Record(Type.String(), Type.Integer());
const AlertRef = Ref("alert", "Id of the alert: the device's id, or @ and the group, a slash, the policy's name");

export const findAlert = action({
  path: `${PATH}/find`,
  summary: "Show one alert",
  effect: "read",
  permission: "policy:read",
  scope: "referenced",
  input: Type.Object({ alert: AlertRef }),
  output: rowSchema(alert),
});
export const listAlerts = action({
  path: `${PATH}/list`,
  summary: "List alerts: those that are not over, or all, or those that fired since an instant",
  effect: "read",
  permission: "policy:read",
  scope: "filtered",
  input: Type.Object({
    device: Type.Optional(
      Type.Array(Ref("device", "The device: id or name"), { maxItems: 1_000, description: "Only of these devices" }),
    ),
    policy: Type.Optional(Type.String({ maxLength: 128, description: "Only of this policy, by its name" })),
    selector: Type.Optional(
      Type.String({
        maxLength: 2_048,
        description: 'Only of devices that are like this, as in device list: "site=berlin"',
      }),
    ),
    state: Type.Optional(
      Type.Array(Type.Union(alert.life.states.map((each) => Type.Literal(each))), {
        description: "Only in these states; default: all but resolved",
      }),
    ),
    since: Type.Optional(Instant("Only such as fired since then, those that are over too")),
    ...pageInput,
  }),
  output: PageOf(rowSchema(alert)),
});
export const acknowledgeAlert = action({
  path: `${PATH}/acknowledge`,
  summary: "Say that you look after an alert",
  effect: "write",
  permission: "policy:write",
  scope: "referenced",
  input: Type.Object({ alert: AlertRef }),
  output: rowSchema(alert),
});
export const summarizeAlerts = action({
  path: `${PATH}/summary`,
  summary: "Count the alerts that are not over, by state, by severity and by policy",
  effect: "read",
  permission: "policy:read",
  scope: "filtered",
  input: Type.Object({}),
  output: Type.Object({
    states: Counts,
    severities: Counts,
    policies: Type.Record(Type.String(), Counts, { description: "By the policy's name, then by state" }),
  }),
});
export const listAlertSteps = action({
  path: `${PATH}/history`,
  summary: "Show how an alert came to its state: each change with what was looked at, oldest first",
  description: "The newest fifty changes are kept.",
  effect: "read",
  permission: "policy:read",
  scope: "referenced",
  input: Type.Object({ alert: AlertRef }),
  output: Type.Object({
    steps: Type.Array(
      Type.Object({
        at: Type.Integer(),
        state: Type.String(),
        reason: Type.String({ description: "Why it is no surprise, or what is missing; else empty" }),
        looked: Looked,
        episode: Type.Integer({ description: "The how manieth time it began" }),
      }),
    ),
  }),
});
export const explainAlert = action({
  path: `${PATH}/explain`,
  summary: "Say why an alert is as it is, and when that could change",
  effect: "read",
  permission: "policy:read",
  scope: "referenced",
  input: Type.Object({ alert: AlertRef }),
  output: Type.Object({
    ...explanation,
    state: Type.String(),
    looked: Type.Optional(Looked),
    deciding: Type.Optional(Deciding),
  }),
});

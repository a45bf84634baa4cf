import { Type } from "@sinclair/typebox";
import { SECOND } from "@edgemere/protocol/kit";
import { action, Ref } from "../../platform/action.ts";

/** So long one answer may be waited for, milliseconds: below what programs between two machines take for a connection that is dead. */
const PATIENCE_AT_MOST = 10 * SECOND;

export const watchTelemetry = action({
  path: "cpl/ta/watch",
  summary: "Follow the newest values of many devices as they come",
  description:
    "Tells the newest values there are, and a position; asked again after that position, those of devices that have reported since, each once with its newest value. So whoever reads slowly, or was away, misses values in between and never the newest: every sample is in history. Where there is nothing new the answer waits; it comes, still without values, as soon as something is there to be asked for: what somebody may know of is judged with each answer.",
  effect: "read",
  permission: "telemetry:read",
  scope: "filtered",
  mayWait: true,
  input: Type.Object({
    device: Type.Optional(Ref("device", "Only this device: id or name")),
    selector: Type.Optional(
      Type.String({
        maxLength: 2_048,
        description: 'Which devices, as in device list: "site=berlin,role in (gw,edge)"; all when absent',
      }),
    ),
    adevice: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: "Only devices of this aggregated device, by its name" }),
    ),
    metric: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        maxItems: 50,
        description: "Only these metrics; x.* stands for all that begin with x. and all are told when absent",
      }),
    ),
    instance: Type.Optional(
      Type.Array(Type.String({ maxLength: 256 }), {
        maxItems: 100,
        description: 'Only these instances of the metrics, such as "/var" or "eth0"',
      }),
    ),
    after: Type.Optional(Type.String({ maxLength: 256, description: "The position of the answer before" })),
    patience: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: PATIENCE_AT_MOST,
        default: 0,
        description: "Milliseconds to wait at most where there is nothing new",
      }),
    ),
  }),
  output: Type.Object({
    values: Type.Array(
      Type.Object({
        device: Type.String({ description: "Its id" }),
        name: Type.String(),
        metric: Type.String(),
        instance: Type.String({ description: "What of several it is about; empty when there is only one" }),
        at: Type.Integer({ description: "When it was measured" }),
        value: Type.Number(),
      }),
    ),
    position: Type.String({ description: "Where to go on" }),
  }),
});

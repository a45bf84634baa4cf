import { Type } from "@sinclair/typebox";
import { SECOND } from "@edgemere/protocol/kit";
import { action } from "../../platform/action.ts";
import { picked } from "./picked-contract.ts";

/** So long one answer may be waited for, milliseconds: below what programs between two machines take for a connection that is dead. */
const PATIENCE_AT_MOST = 10 * SECOND;

export const watchTelemetry = action({
  path: "cpl/ta/watch",
  summary: "Follow the newest values of many devices as they come",
  description:
    "Tells the newest values there are, and a position; asked again after that position, those of devices that have reported since, each once with its newest value. So whoever reads slowly, or was away, misses values in between and never the newest: every sample is in history. Of a device of a child control plane the values are the last of its newest minutes, as often as the child reports. Where there is nothing new the answer waits; it comes, still without values, as soon as something is there to be asked for: what somebody may know of is judged with each answer.",
  effect: "read",
  permission: "telemetry:read",
  scope: "filtered",
  mayWait: true,
  input: Type.Object({
    ...picked,
    metric: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        maxItems: 50,
        description: "Only these metrics; x.* stands for all that begin with x. and all are told when absent",
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
        name: Type.String({ description: "Of a device of a child control plane: child/name" }),
        metric: Type.String(),
        instance: Type.String({ description: "What of several it is about; empty when there is only one" }),
        at: Type.Integer({ description: "When it was measured" }),
        value: Type.Number(),
      }),
    ),
    position: Type.String({ description: "Where to go on" }),
  }),
});

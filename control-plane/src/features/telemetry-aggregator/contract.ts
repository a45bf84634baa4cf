import { Type } from "@sinclair/typebox";
import { action, Ref } from "../../platform/action.ts";

const Series = Type.Object({
  metric: Type.String(),
  instance: Type.String({ description: "What of several it is about; empty when there is only one" }),
});

export const latestValues = action({
  path: "cpl/ta/latest",
  summary: "Show the newest value of every metric of a device",
  effect: "read",
  permission: "telemetry:read",
  input: Type.Object({ device: Ref("device", "The device: id or name") }),
  output: Type.Object({
    device: Type.String(),
    values: Type.Array(Type.Composite([Series, Type.Object({ at: Type.Integer(), value: Type.Number() })])),
  }),
});
export const readHistory = action({
  path: "cpl/ta/history",
  summary: "Read the stored samples of a device's metrics",
  description:
    "Instants at which nothing was recorded are absent; ranges that are known to be lost are listed as gaps. Nothing is ever filled with zero.",
  effect: "read",
  permission: "telemetry:read",
  input: Type.Object({
    device: Ref("device", "The device: id or name"),
    metric: Type.Optional(
      Type.Array(Type.String(), { description: "Only these metrics; all when absent", maxItems: 50 }),
    ),
    from: Type.Optional(Type.Integer({ description: "Milliseconds since 1970 UTC; default: one hour ago" })),
    to: Type.Optional(Type.Integer({ description: "Milliseconds since 1970 UTC; default: now" })),
    points: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 10_000,
        default: 1_000,
        description: "Samples per series at most; where there are more, each point is the last of its step",
      }),
    ),
  }),
  output: Type.Object({
    device: Type.String(),
    from: Type.Integer(),
    to: Type.Integer(),
    series: Type.Array(
      Type.Composite([
        Series,
        Type.Object({ at: Type.Array(Type.Integer()), value: Type.Array(Type.Union([Type.Number(), Type.Null()])) }),
      ]),
    ),
    gaps: Type.Array(
      Type.Object({ from: Type.Integer(), to: Type.Integer(), records: Type.Integer(), reason: Type.String() }),
    ),
  }),
});
export const listMetrics = action({
  path: "cpl/ta/metrics",
  summary: "List the metrics a device has reported",
  effect: "read",
  permission: "telemetry:read",
  input: Type.Object({ device: Ref("device", "The device: id or name") }),
  output: Type.Object({ metrics: Type.Array(Series) }),
});

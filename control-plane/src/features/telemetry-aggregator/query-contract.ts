import { Type } from "@sinclair/typebox";
import { action } from "../../platform/action.ts";
import { Instant } from "../../platform/instant.ts";
import { picked } from "./picked-contract.ts";

const oneOf = <const W extends readonly string[]>(words: W, options: { description: string; default?: W[number] }) =>
  Type.Union(
    words.map((each) => Type.Literal(each as W[number])),
    options,
  );
const Value = Type.Union([Type.Number(), Type.Null()]);

export const queryTelemetry = action({
  path: "cpl/ta/query",
  summary: "Sum up metrics of many devices in windows, by group, with the most or what changed most first",
  description:
    "Windows are whole and begin at multiples of their length in UTC, or are days of a time zone. Where nothing was recorded the value is null and never zero. Percentiles are within 1 % of a value that was recorded. A query that would read too much is refused before it reads, with the amount; explain tells that amount and reads nothing.",
  effect: "read",
  permission: "telemetry:read",
  scope: "filtered",
  isDear: true,
  input: Type.Object({
    metric: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
      minItems: 1,
      maxItems: 20,
      description: "The metrics; each is summed up by itself",
    }),
    ...picked,
    from: Type.Optional(Instant("Begin of the range; default: one hour before its end")),
    to: Type.Optional(Instant("End of the range; default: now")),
    step: Type.Optional(
      oneOf(["10s", "1m", "5m", "1h", "1d"], {
        description:
          "Length of a window; default: the shortest that gives at most 400 of them, and not less than 1m where devices of child control planes are meant",
      }),
    ),
    zone: Type.Optional(
      Type.String({
        maxLength: 64,
        description:
          "Windows are days of this time zone, such as Europe/Berlin: 23 or 25 hours where clocks are changed; default: days of UTC",
      }),
    ),
    function: Type.Optional(
      oneOf(["min", "max", "mean", "sum", "count", "last", "rate", "p50", "p90", "p95", "p99"], {
        default: "mean",
        description:
          "What is told of the samples of a window. rate is the growth of a counter in a second, a fall being a new beginning at zero; of several series it is the sum of their rates",
      }),
    ),
    across: Type.Optional(
      oneOf(["sum", "mean", "min", "max", "count"], {
        description:
          "How the values of several series of a group become one: each series is summed up by itself first. Absent: all their samples are taken together",
      }),
    ),
    by: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
        maxItems: 5,
        description:
          "Groups: device, instance, or labels such as site (labels.device is a label of that name); absent: everything is one group. A device of a child control plane stands as child/name",
      }),
    ),
    top: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, description: "Only so many groups, by their value over the range" }),
    ),
    order: Type.Optional(
      oneOf(["descending", "ascending"], { description: "Which values top takes first; default: descending" }),
    ),
    changes: Type.Optional(
      Type.Boolean({
        description: "Compare with the range just before, of the same length: what changed most is first",
      }),
    ),
    explain: Type.Optional(Type.Boolean({ description: "Tell what would be read, and read nothing" })),
  }),
  output: Type.Object({
    from: Type.Integer({ description: "Begin of the first window" }),
    to: Type.Integer({ description: "End of the last window" }),
    step: Type.String(),
    function: Type.String(),
    source: Type.String({
      description:
        "What is read: samples, or windows of minutes or hours that were made of them, of each device or (group minutes, group hours) of an aggregated device as a whole",
    }),
    cost: Type.Object(
      {
        devices: Type.Integer(),
        samples: Type.Integer({ description: "Samples, or windows that stand for them" }),
        bytes: Type.Integer({ description: "At most so many" }),
        isEstimated: Type.Boolean({ description: "What would be read; otherwise what was" }),
      },
      { description: "What is read for it" },
    ),
    at: Type.Array(Type.Integer(), { description: "Begin of each window" }),
    series: Type.Array(
      Type.Object({
        by: Type.Record(Type.String(), Type.String()),
        metric: Type.String(),
        devices: Type.Integer({
          description: "How many devices have samples in it; of windows of a group the most that have in one",
        }),
        overall: Value,
        before: Type.Optional(Value),
        change: Type.Optional(Value),
        value: Type.Array(Value),
      }),
    ),
    pending: Type.Integer({
      description: "Hours of devices whose newest samples are not in it yet: they will be a moment later",
    }),
    leftOut: Type.Integer({
      description:
        "Devices of child control planes that are not in it, because only windows of a minute are known of these",
    }),
    children: Type.Array(
      Type.Object({ name: Type.String(), state: Type.String(), knownUpTo: Type.Optional(Type.Integer()) }),
      {
        description:
          "Child control planes by which devices come that were asked for: what these measured later than knownUpTo is not known, which is not zero",
      },
    ),
    omitted: Type.Integer({ description: "Groups that are not shown, because only the first were asked for" }),
  }),
});

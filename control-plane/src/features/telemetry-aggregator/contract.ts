import { Type } from "@sinclair/typebox";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { Instant } from "../../platform/instant.ts";

export * from "./adevice-contract.ts";
export * from "./chain-contract.ts";
export * from "./forgetting-contract.ts";
export * from "./query-contract.ts";
export * from "./watch-contract.ts";

const Series = Type.Object({
  metric: Type.String(),
  instance: Type.String({ description: "What of several it is about; empty when there is only one" }),
});

const Measured = Ref("device", "The device: id or name; of one of a child control plane, child/name or origin/id");
/** How finely something is known, and from whom. */
const known = {
  resolution: Type.String({
    description:
      "samples; or 1m or 1h for a device of a child control plane, of which only windows are known: each value is the last of its window",
  }),
  child: Type.Optional(
    Type.Object(
      {
        name: Type.String(),
        state: Type.String(),
        knownUpTo: Type.Optional(
          Type.Integer({ description: "What was measured later is not known, which is not zero" }),
        ),
        origin: Type.String({ description: "Id of the control plane that the device belongs to" }),
      },
      { description: "The child control plane by which the device comes; absent: it is a device of this one" },
    ),
  ),
};

export const latestValues = action({
  path: "cpl/ta/latest",
  summary: "Show the newest value of every metric of a device",
  effect: "read",
  permission: "telemetry:read",
  scope: "referenced",
  input: Type.Object({ device: Measured }),
  output: Type.Object({
    device: Type.String(),
    ...known,
    values: Type.Array(Type.Composite([Series, Type.Object({ at: Type.Integer(), value: Type.Number() })])),
  }),
});
export const readHistory = action({
  path: "cpl/ta/history",
  summary: "Read the stored samples of a device's metrics",
  description:
    "Instants are by the control plane's clock. Where nothing was recorded they are absent, and listed under gaps: with the reason that the device gave, or as silence. Nothing is ever filled with zero.",
  effect: "read",
  permission: "telemetry:read",
  scope: "referenced",
  input: Type.Object({
    device: Measured,
    metric: Type.Optional(
      Type.Array(Type.String(), { description: "Only these metrics; all when absent", maxItems: 50 }),
    ),
    from: Type.Optional(Instant("Begin of the range; default: one hour ago")),
    to: Type.Optional(Instant("End of the range; default: now")),
    points: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 10_000,
        default: 1_000,
        description: "Samples per series at most; where there are more, each point is the last of its step",
      }),
    ),
    extremes: Type.Optional(
      Type.Boolean({ default: false, description: "Give the lowest and the highest of each step as well" }),
    ),
  }),
  output: Type.Object({
    device: Type.String(),
    ...known,
    from: Type.Integer(),
    to: Type.Integer(),
    series: Type.Array(
      Type.Composite([
        Series,
        Type.Object({
          at: Type.Array(Type.Integer()),
          value: Type.Array(Type.Union([Type.Number(), Type.Null()])),
          low: Type.Optional(
            Type.Array(Type.Union([Type.Number(), Type.Null()]), {
              description:
                "The lowest of each step; absent where every sample is given, or extremes were not asked for",
            }),
          ),
          high: Type.Optional(Type.Array(Type.Union([Type.Number(), Type.Null()]))),
        }),
      ]),
    ),
    gaps: Type.Array(
      Type.Object({ from: Type.Integer(), to: Type.Integer(), records: Type.Integer(), reason: Type.String() }),
      { description: "Times in which samples were lost, or (silence) none was made" },
    ),
    estimated: Type.Array(Type.Object({ from: Type.Integer(), to: Type.Integer() }), {
      description: "Times whose samples are dated by a guess: the device did not know the time when it made them",
    }),
  }),
});
export const listMetrics = action({
  path: "cpl/ta/metrics",
  summary: "List the metrics a device has reported",
  effect: "read",
  permission: "telemetry:read",
  scope: "referenced",
  input: Type.Object({ device: Measured }),
  output: Type.Object({ metrics: Type.Array(Series) }),
});
export const readArrivals = action({
  path: "cpl/ta/arrivals",
  summary: "Read samples of all devices in the order in which they arrived",
  description:
    "For whoever takes telemetry elsewhere: ask again with the last position, and nothing is missed or given twice, whatever instants late samples speak of.",
  effect: "read",
  permission: "telemetry:read",
  input: Type.Object({
    after: Type.Optional(Type.String({ maxLength: 2_048, description: "The position where the answer before ended" })),
    since: Type.Optional(Instant("Without a position: what arrived since then")),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: "Arrivals at most" })),
  }),
  output: Type.Object({
    arrivals: Type.Array(
      Type.Object({
        device: Type.String(),
        arrivedAt: Type.Integer(),
        isEstimated: Type.Boolean({ description: "The device did not know the time: the instants are a guess" }),
        series: Type.Array(
          Type.Composite([Series, Type.Object({ at: Type.Array(Type.Integer()), value: Type.Array(Type.Number()) })]),
        ),
      }),
    ),
    position: Type.String({ description: "Where to go on" }),
    isKept: Type.Boolean({
      description:
        "Whether the order of arrival is kept: only where samples are sent on, by --remote-write, --otlp or --subscribers-telemetry",
    }),
  }),
});
export const listDoubtful = action({
  path: "cpl/ta/doubtful",
  summary: "List samples of a device that are set aside because their time cannot be true, newest first",
  effect: "read",
  permission: "telemetry:read",
  scope: "referenced",
  input: Type.Object({ device: Ref("device", "The device: id or name"), ...pageInput }),
  output: PageOf(
    Type.Object({
      id: Type.String(),
      sequence: Type.Integer(),
      receivedAt: Type.Integer(),
      deviceAt: Type.Integer({ description: "The first sample's time as the device wrote it" }),
      offset: Type.Integer({ description: "Milliseconds to be added to it, by what the device knew of its clock" }),
      rows: Type.Integer({ description: "Instants with samples" }),
    }),
  ),
});

import { type Static, Type } from "@sinclair/typebox";
import { Arguments, causes, Kind, timeSpan, weekdays } from "./rollout-words-contract.ts";

const Percent = (description: string) => Type.Number({ minimum: 0, maximum: 100, description });
const closed = { additionalProperties: false };
const Cause = Type.Union(causes.map((each) => Type.Literal(each)));

const Wave = Type.Object(
  {
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "So many devices" })),
    percent: Type.Optional(Percent("This share of all devices of the rollout, rounded up")),
    selector: Type.Optional(
      Type.String({ minLength: 1, maxLength: 2_048, description: 'Those of its devices that match: "ring=canary"' }),
    ),
    success: Type.Optional(
      Percent("Share that must succeed before the next wave begins, default 90; else the rollout pauses"),
    ),
    soak: Type.Optional(timeSpan({ least: 0, most: 2_592_000 }, "Seconds to wait after that")),
  },
  { ...closed, description: "One of count, percent and selector; what no wave takes makes the last one" },
);

/** Begins at a wall clock's time of a device's own time zone. */
export const MaintenanceWindow = Type.Object(
  {
    days: Type.Array(Type.Union(weekdays.map((each) => Type.Literal(each))), {
      minItems: 1,
      maxItems: 7,
      description: "Days of the week on which it begins",
    }),
    at: Type.String({ pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$", description: "When it begins there: 22:30" }),
    minutes: Type.Integer({ minimum: 1, maximum: 10_080, description: "How long it is open" }),
  },
  closed,
);

const Canary = Type.Object(
  {
    metric: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: "Metric that is compared: memory.used_bytes" }),
    ),
    alerts: Type.Optional(
      Type.Boolean({
        description:
          "Compares also how many devices of each side went dark, came into quarantine or have an alert or a condition; in points of a hundred",
      }),
    ),
    worse: Type.Optional(
      Type.Union([Type.Literal("higher"), Type.Literal("lower")], {
        default: "higher",
        description: "Which way it gets worse",
      }),
    ),
    stratum: Type.Optional(
      Type.String({
        maxLength: 128,
        description:
          "Fact of the inventory by which devices are compared with their like, such as hardware.model; also by itself",
      }),
    ),
    tolerated: Type.Optional(Percent("Change for the worse that is accepted, in per cent of the value before")),
    harmful: Type.Optional(Percent("Change for the worse that must be ruled out before the next wave; default 3")),
    falseStops: Type.Optional(Percent("How often a harmless rollout may be stopped by chance; default 0.5")),
    least: Type.Optional(
      Type.Integer({ minimum: 3, maximum: 100_000, description: "Devices of each side, at least; default 5" }),
    ),
    span: Type.Optional(timeSpan({ least: 60, most: 604_800 }, "Seconds before and after that are compared; 1800")),
    patience: Type.Optional(timeSpan({ least: 0, most: 2_592_000 }, "Seconds of holding before it pauses; 86400")),
  },
  {
    ...closed,
    description:
      "Compares devices that were changed with those whose turn has not come: by a metric, by alerts, or by both",
  },
);

/** How a rollout goes about it: part of a plan's input. */
export const rolloutSpec = {
  waves: Type.Optional(Type.Array(Wave, { maxItems: 50, description: "In this order; absent: all at once" })),
  rate: Type.Optional(
    Type.Object(
      {
        perMinute: Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000, description: "Devices that begin a minute" }),
        factor: Type.Optional(
          Type.Number({ minimum: 1, maximum: 10, description: "Grows by this each time `every` devices succeeded" }),
        ),
        every: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
        most: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000, description: "And no further" })),
      },
      { ...closed, description: "How fast devices begin; absent: as fast as it goes" },
    ),
  ),
  atOnce: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100_000, description: "Devices that are under way at most; default 1000" }),
  ),
  abort: Type.Optional(
    Type.Array(
      Type.Object(
        {
          cause: Type.Optional(Cause),
          percent: Percent("Of the devices that ended, so many failed of this"),
          least: Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Devices that must have ended before" }),
        },
        closed,
      ),
      { maxItems: 20, description: "When to stop for good; without a cause: failures of every kind" },
    ),
  ),
  rollback: Type.Optional(
    Type.Object(
      { kind: Kind, arguments: Type.Optional(Arguments) },
      {
        ...closed,
        description:
          "What undoes it, such as package.install of the former version: asked of every device that had begun, the newest wave first, when a rule or a comparison stops it or somebody rolls it back",
      },
    ),
  ),
  budget: Type.Optional(
    Type.Object(
      {
        label: Type.String({ minLength: 1, maxLength: 63, description: "Devices of one value of this label: site" }),
        most: Type.Integer({
          minimum: 1,
          maximum: 100_000,
          description: "So many of them may be under way, failed or not online at the same time",
        }),
      },
      { ...closed, description: "How many of one place may be away at once" },
    ),
  ),
  windows: Type.Optional(
    Type.Array(MaintenanceWindow, { maxItems: 14, description: "Begins in one of these only; absent: at any time" }),
  ),
  timeZone: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        "Time zone of the windows for every device: Europe/Berlin. Absent: the device's label timezone, else what its inventory says (time.zone). A device of which none is known begins never",
    }),
  ),
  retries: Type.Optional(
    Type.Partial(
      Type.Object(
        Object.fromEntries(
          causes.map((each) => [
            each,
            Type.Object(
              {
                times: Type.Integer({ minimum: 0, maximum: 100 }),
                pause: Type.Optional(timeSpan({ least: 1, most: 604_800 }, "Seconds before the first; doubled then")),
              },
              closed,
            ),
          ]),
        ),
        { ...closed, description: "How often it is tried again, by the cause of the failure" },
      ),
    ),
  ),
  canary: Type.Optional(Canary),
  queueTimeout: Type.Optional(
    timeSpan({ least: 1, most: 7_776_000 }, "Seconds after its wave began in which a device must begin; 604800"),
  ),
  runTimeout: Type.Optional(
    timeSpan({ least: 1, most: 86_400 }, "Seconds a command may run; else as job kinds says of it"),
  ),
  totalTimeout: Type.Optional(timeSpan({ least: 1, most: 31_536_000 }, "Seconds after which it is stopped; 2592000")),
  isApprovalNeeded: Type.Optional(
    Type.Boolean({ description: "A second person must say yes, though nothing about it is dangerous" }),
  ),
};

const Spec = Type.Object(rolloutSpec);
export type RolloutSpec = Static<typeof Spec>;
export type WaveSpec = Static<typeof Wave>;
export type CanarySpec = Static<typeof Canary>;
export type Window = Static<typeof MaintenanceWindow>;

import { Type, type Static } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { Name } from "../../platform/names.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";

const Selector = Type.String({
  minLength: 1,
  maxLength: 2_048,
  description: 'Which devices are in it, as in device list: "site=berlin,role in (gw,edge)"',
});
const Metrics = Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
  maxItems: 20,
  description:
    "Metrics that are told every five minutes in the event adevice.stats, and of which windows of the group as a whole are kept, with percentiles",
});

/** What adevice.stats and device.stats tell, as `stats` beside the row: of all samples of each metric in one window, whatever instance they are of. */
export const Stats = Type.Object({
  from: Type.Integer(),
  to: Type.Integer({ description: "Milliseconds since 1970 UTC; not included" }),
  metrics: Type.Array(
    Type.Object({
      metric: Type.String(),
      devices: Type.Integer({ description: "How many devices had samples" }),
      count: Type.Integer(),
      min: Type.Number(),
      max: Type.Number(),
      mean: Type.Number(),
      p50: Type.Optional(Type.Number({ description: "Of aggregated devices only, and p95 too" })),
      p95: Type.Optional(Type.Number()),
    }),
  ),
});
export type Stats = Static<typeof Stats>;

/** Devices that are looked at as if they were one. */
export const aggregatedDevice = resource({
  name: "adevice",
  summary: "Devices that are looked at as if they were one: a saved selector",
  shape: Type.Object({
    name: Name,
    selector: Selector,
    metrics: Metrics,
    author: Type.String(),
    /** Of the newest five minutes that were told. */
    stats: Type.Optional(Stats),
  }),
  life: machine("aggregated device", "enabled", {
    enabled: { disable: "disabled" },
    disabled: { enable: "enabled" },
  }),
  news: ["stats"],
});
export type AggregatedDevice = Row<typeof aggregatedDevice>;

const PATH = "cpl/ta/adevice";
const Named = Ref("adevice", "The aggregated device, by its name");
const writing = { effect: "write", permission: "telemetry:write" } as const;
const reading = { effect: "read", permission: "telemetry:read" } as const;

export const createAggregatedDevice = action({
  path: `${PATH}/create`,
  summary: "Save a selector under a name, so that its devices can be looked at as one",
  ...writing,
  input: Type.Object({ name: Name, selector: Selector, metrics: Type.Optional(Metrics) }),
  output: rowSchema(aggregatedDevice),
});
export const updateAggregatedDevice = action({
  path: `${PATH}/update`,
  summary: "Change which devices are in an aggregated device, or what is told of it",
  ...writing,
  input: Type.Object({ adevice: Named, selector: Type.Optional(Selector), metrics: Type.Optional(Metrics) }),
  output: rowSchema(aggregatedDevice),
});
export const enableAggregatedDevice = action({
  path: `${PATH}/enable`,
  summary: "Tell of an aggregated device again",
  ...writing,
  input: Type.Object({ adevice: Named }),
  output: rowSchema(aggregatedDevice),
});
export const disableAggregatedDevice = action({
  path: `${PATH}/disable`,
  summary: "Tell nothing of an aggregated device until it is enabled again",
  ...writing,
  input: Type.Object({ adevice: Named }),
  output: rowSchema(aggregatedDevice),
});
export const destroyAggregatedDevice = action({
  path: `${PATH}/destroy`,
  summary: "Forget an aggregated device; its devices and their telemetry stay",
  effect: "destroy",
  permission: "telemetry:write",
  input: Type.Object({ adevice: Named }),
  output: rowSchema(aggregatedDevice),
});
export const findAggregatedDevice = action({
  path: `${PATH}/find`,
  summary: "Find one aggregated device, with what was told of it last",
  ...reading,
  input: Type.Object({ adevice: Named }),
  output: rowSchema(aggregatedDevice),
});
export const listAggregatedDevices = action({
  path: `${PATH}/list`,
  summary: "List the aggregated devices, by name",
  ...reading,
  input: Type.Object({ ...statesInput(aggregatedDevice), ...pageInput }),
  output: PageOf(rowSchema(aggregatedDevice)),
});

import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { Name as AnyName } from "../../platform/names.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";
import { ADMISSION, Admission } from "./admission-contract.ts";
import { Conflict } from "./conflict-contract.ts";
import { dangerOfEffects, Effects, type Effect } from "./effect-contract.ts";
import { Schedule } from "./schedule-contract.ts";

export * from "./admission-contract.ts";
export * from "./alert-contract.ts";
export * from "./conflict-contract.ts";
export * from "./group-contract.ts";
export * from "./looking-contract.ts";
export * from "./silence-contract.ts";

const Name = Type.String({ ...AnyName, description: "Name of the policy, without a slash" });
export const severities = ["info", "warning", "critical"] as const;
const DAY_SECONDS = 86_400;
const seconds = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

/** What a policy says, without its name. */
const Spec = {
  description: Type.Optional(Type.String({ maxLength: 1_024, description: "What it is for, and what to do then" })),
  owner: Type.Optional(Type.String({ maxLength: 128, description: "Who answers for it; default: who made it" })),
  selector: Type.Optional(
    Type.String({
      maxLength: 2_048,
      description: 'Which devices, as in device list: "site=berlin,role in (gw,edge)"; empty: every device',
    }),
  ),
  per: Type.Optional(
    Type.String({
      maxLength: 140,
      pattern: "^(adevice:[^/\\x00-\\x1f\\x7f]+|[a-z0-9]([a-z0-9._/-]*[a-z0-9])?)$",
      description:
        "What has an alert of its own: device; a label, such as site: the devices that have the same value of it; adevice:NAME: the devices of an aggregated device; fleet: all devices; default: device",
    }),
  ),
  severity: Type.Optional(
    Type.Union(
      severities.map((each) => Type.Literal(each)),
      { description: "How bad it is; default: warning" },
    ),
  ),
  for: seconds(0, DAY_SECONDS, "Seconds that the condition must hold before it counts; default: 0"),
  keepFiringFor: seconds(0, DAY_SECONDS, "Seconds that it must not hold any more before it is over; default: 0"),
  freshFor: seconds(10, DAY_SECONDS, "Seconds after which a value is too old to be true now; default: 300"),
  noData: seconds(
    0,
    7 * DAY_SECONDS,
    "Seconds without the values that it needs after which that itself is an alert; 0 or absent: never",
  ),
  schedule: Type.Optional(Schedule),
  coversChildren: Type.Optional(
    Type.Boolean({
      description:
        "While it fires on a device, alerts of devices whose label parent names that one are no surprise; default: false",
    }),
  ),
  effects: Type.Optional(Effects),
  priority: Type.Optional(
    Type.Integer({
      minimum: -1_000,
      maximum: 1_000,
      description: "Which of several policies is told first, and whose defaults hold: the higher one; default: 0",
    }),
  ),
  admission: Type.Optional(Admission),
  runsOn: Type.Optional(
    Type.Union(
      ["centre" as const, "device" as const].map((each) => Type.Literal(each)),
      {
        description:
          "Where it is watched: centre, or device: each device watches it by itself, also while it is offline; default: centre",
      },
    ),
  ),
};

const specNames = Object.keys(Spec) as (keyof typeof Spec)[];
const Unset = Type.Optional(
  Type.Array(Type.Union(specNames.map((each) => Type.Literal(each))), {
    maxItems: specNames.length,
    description: "Fields that are to be as if nobody had ever said anything of them: schedule, effects, admission",
  }),
);

/** The permission that the most dangerous of what a policy would do takes. */
const dangerOf = ({ admission, ...given }: { readonly admission?: Admission; readonly effects?: readonly Effect[] }) =>
  admission === undefined ? dangerOfEffects(given) : ADMISSION;

const Condition = Type.String({
  minLength: 1,
  maxLength: 2_048,
  description:
    'CEL over the fields of a device and its telemetry: mean("cpu.busy_percent", "5m") > 90 && presence == "online"; sa/pe/policy/vocabulary has all words. Per group: share(presence == "offline") > 0.3, average(value("cpu.busy_percent")) > 80',
});

/** A condition that is watched on some devices, and what follows when it holds. */
export const policy = resource({
  name: "policy",
  summary: "A condition that is watched on devices",
  shape: Type.Object({
    name: Name,
    condition: Condition,
    ...Spec,
    /** Who wrote this revision. */
    author: Type.String(),
    /** The account of who wrote it: what is dangerous another one has to approve. */
    account: Type.Optional(Type.String()),
    /** Why devices cannot watch it by themselves; none: they can. */
    deviceObstacles: Type.Optional(Type.Array(Type.String())),
    /** One more with each change of what it says. */
    revision: Type.Integer(),
  }),
  life: machine("policy", "enabled", { enabled: { disable: "disabled" }, disabled: { enable: "enabled" } }),
});
export type Policy = Row<typeof policy>;

/** What was saved, and where that is at odds with other policies. */
const Saved = Type.Intersect([
  rowSchema(policy),
  Type.Object({
    conflicts: Type.Array(Conflict, { description: "Other policies that want what does not fit together with it" }),
  }),
]);

const PATH = "sa/pe/policy";
const PolicyRef = Ref("policy", "The policy, by its name");
const writing = { effect: "write", permission: "policy:write" } as const;
const reading = { effect: "read", permission: "policy:read" } as const;

export const createPolicy = action({
  path: `${PATH}/create`,
  summary: "Save a policy: its condition is checked, and watched from now on",
  ...writing,
  danger: dangerOf,
  input: Type.Object({ name: Name, condition: Condition, ...Spec }),
  output: Saved,
});
export const updatePolicy = action({
  path: `${PATH}/update`,
  summary: "Change what a policy says; the revision before is kept",
  ...writing,
  danger: ({ unset = [], ...given }: Parameters<typeof dangerOf>[0] & { readonly unset?: readonly string[] }) =>
    unset.includes("admission") ? ADMISSION : dangerOf(given),
  input: Type.Object({ policy: PolicyRef, unset: Unset, condition: Type.Optional(Condition), ...Spec }),
  output: Saved,
});
export const enablePolicy = action({
  path: `${PATH}/enable`,
  summary: "Watch the condition of a policy again",
  ...writing,
  input: Type.Object({ policy: PolicyRef }),
  output: rowSchema(policy),
});
export const disablePolicy = action({
  path: `${PATH}/disable`,
  summary: "Watch a policy no more until it is enabled again; its alerts are over",
  ...writing,
  isAllowedWhenFull: true,
  input: Type.Object({ policy: PolicyRef }),
  output: rowSchema(policy),
});
export const destroyPolicy = action({
  path: `${PATH}/destroy`,
  summary: "Forget a policy with all its revisions",
  effect: "destroy",
  permission: "policy:write",
  danger: () => "policy:write",
  input: Type.Object({ policy: PolicyRef }),
  output: rowSchema(policy),
});
/** Asked by the rule on `device.retired`. */
export const forgetDevice = action({
  path: `${PATH}/forgetdevice`,
  summary: "End the alerts of a device that will never come back, and forget what is kept to watch it",
  effect: "write",
  permission: "policy:forget",
  scope: "referenced",
  isAllowedWhenFull: true,
  input: Type.Object({ device: Ref("device", "The device: id or name") }),
  output: Type.Object({ device: Type.String(), alerts: Type.Integer({ description: "How many were not over" }) }),
});
export const findPolicy = action({
  path: `${PATH}/find`,
  summary: "Show one policy",
  ...reading,
  input: Type.Object({ policy: PolicyRef }),
  output: rowSchema(policy),
});
export const listPolicies = action({
  path: `${PATH}/list`,
  summary: "List the policies, by name",
  ...reading,
  input: Type.Object({ ...statesInput(policy), ...pageInput }),
  output: PageOf(rowSchema(policy)),
});
export const listRevisions = action({
  path: `${PATH}/revisions`,
  summary: "List what a policy said before and says now, newest first",
  ...reading,
  input: Type.Object({ policy: PolicyRef, ...pageInput }),
  output: PageOf(
    Type.Object({
      revision: Type.Integer(),
      author: Type.String(),
      at: Type.Integer({ description: "When it was written, milliseconds since 1970 UTC" }),
      condition: Condition,
      ...Spec,
    }),
  ),
});
export const checkCondition = action({
  path: `${PATH}/check`,
  summary: "Check a condition without saving it: what it looks at, or what is wrong in which line and column",
  ...reading,
  input: Type.Object({
    condition: Condition,
    isAsked: Type.Optional(Type.Boolean({ description: "It is one that is asked before an action; default: false" })),
    isPerGroup: Type.Optional(Type.Boolean({ description: "It is about groups of devices; default: false" })),
  }),
  output: Type.Object({
    metrics: Type.Array(Type.String(), { description: "Metrics that it looks at" }),
    events: Type.Array(Type.String(), { description: "Events that it counts" }),
    deviceObstacles: Type.Array(Type.String(), {
      description: "Why devices cannot watch it by themselves; none: they can",
    }),
  }),
});
const Function_ = Type.Object({
  name: Type.String(),
  takes: Type.Array(Type.String(), {
    description: "metric, instance, span such as 5m, event, percent; condition or number of each device",
  }),
  gives: Type.String(),
  summary: Type.String(),
});
export const listVocabulary = action({
  path: `${PATH}/vocabulary`,
  summary: "List the fields and functions that a condition may speak of",
  ...reading,
  input: Type.Object({}),
  output: Type.Object({
    fields: Type.Array(Type.Object({ name: Type.String(), kind: Type.String() })),
    admission: Type.Array(Type.Object({ name: Type.String(), kind: Type.String() }), {
      description: "Fields of a condition that is asked before an action",
    }),
    groups: Type.Array(Type.Object({ name: Type.String(), kind: Type.String() }), {
      description: "Fields of a condition about groups of devices",
    }),
    functions: Type.Array(Function_),
    groupFunctions: Type.Array(Function_, {
      description:
        'Functions of a condition about groups; the first argument is a condition, or a number, of each device: share(value("cpu.busy_percent") > 90)',
    }),
  }),
});

export type PolicySpec = Pick<Policy, "condition" | keyof typeof Spec>;
/** The fields of a policy that are what it says. */
export const specFields: readonly (keyof PolicySpec)[] = ["condition", ...specNames];
export type Severity = (typeof severities)[number];

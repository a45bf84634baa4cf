import { Type, type Static } from "@sinclair/typebox";
import { action, Ref } from "../../platform/action.ts";

const Looked = Type.Array(Type.Object({ what: Type.String(), value: Type.Optional(Type.Number()) }));
const Verdict = Type.Union(["met", "unmet", "unknown"].map((each) => Type.Literal(each)));

/** The devices of a group that decide what a part of a condition says of it. */
export const Deciding = Type.Array(
  Type.Object({
    what: Type.String({ description: "The part of the condition" }),
    devices: Type.Integer({ description: "How many decide" }),
    known: Type.Integer({ description: "Of how many devices of the group it is known" }),
    first: Type.Array(
      Type.Object({
        device: Type.String(),
        name: Type.String(),
        value: Type.Optional(Type.Number({ description: "What it gives, where that is a number" })),
        looked: Looked,
      }),
      { description: "The ten that decide most" },
    ),
  }),
  { description: "By part of the condition, the devices that decide" },
);
export type Deciding = Static<typeof Deciding>;

const reading = { effect: "read", permission: "policy:read" } as const;
const PolicyRef = Ref("policy", "The policy, by its name");

export const explainGroup = action({
  path: "sa/pe/policy/explaingroup",
  summary: "Tell why a policy fires on a group of devices, or why it does not, and which devices decide",
  ...reading,
  input: Type.Object({
    policy: PolicyRef,
    group: Type.String({
      minLength: 1,
      maxLength: 400,
      description: "The group: site=berlin, adevice:gateways, fleet",
    }),
  }),
  output: Type.Object({
    answer: Type.String({ description: "In words" }),
    isWatched: Type.Boolean({ description: "Whether there is such a group of the policy" }),
    devices: Type.Optional(Type.Integer({ description: "How many devices are in it" })),
    verdict: Type.Optional(Verdict),
    looked: Type.Optional(Looked),
    deciding: Type.Optional(Deciding),
    state: Type.Optional(Type.String({ description: "Of the alert; absent where there is none" })),
    dueAt: Type.Optional(Type.Integer({ description: "When time alone changes something" })),
    stopped: Type.Optional(Type.String({ description: "Why none of its effects is done, though it may fire" })),
    quiet: Type.Optional(
      Type.Object({ reason: Type.String(), until: Type.Integer() }, { description: "Why it is no surprise now" }),
    ),
  }),
});
export const listGroups = action({
  path: "sa/pe/policy/groups",
  summary: "List the groups of devices that a policy is about, by name, with what its condition says of each now",
  ...reading,
  input: Type.Object({
    policy: PolicyRef,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: "So many at most" })),
  }),
  output: Type.Object({
    isWhole: Type.Boolean({
      description: "Whether all devices were looked at since the start, or the policy's change",
    }),
    count: Type.Integer({ description: "How many groups there are" }),
    groups: Type.Array(
      Type.Object({
        group: Type.String(),
        devices: Type.Integer(),
        verdict: Verdict,
        state: Type.Optional(Type.String({ description: "Of the alert; absent where there is none" })),
      }),
    ),
  }),
});

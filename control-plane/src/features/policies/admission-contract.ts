import { Type, type Static } from "@sinclair/typebox";
import { action } from "../../platform/action.ts";
import { Schedule } from "./schedule-contract.ts";

const outcomes = ["allow", "deny", "approve", "defaults"] as const;
const verdicts = ["met", "unmet", "failed"] as const;
const oneOf = <T extends string>(words: readonly T[], description: string) =>
  Type.Union(
    words.map((each) => Type.Literal(each)),
    { description },
  );

/** What makes a policy one that is asked before an action is done, instead of one that is watched. */
export const Admission = Type.Object(
  {
    actions: Type.Array(
      Type.String({ maxLength: 128, pattern: "^(\\*|[a-z]+(/[a-z]+)*(/\\*)?)$", description: "An address" }),
      {
        minItems: 1,
        maxItems: 64,
        description: "Before which actions: cpl/dm/job/create, cpl/dm/job/* for all below, * for every one",
      },
    ),
    outcome: oneOf(
      outcomes,
      "Where its condition holds: deny refuses; approve has a second person asked; defaults says what holds where the caller says nothing. allow: what it is about is done only where the condition of such a policy holds",
    ),
    reason: Type.String({ minLength: 1, maxLength: 512, description: "What whoever is refused is told" }),
    defaults: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description:
          'Of the outcome defaults: {"runTimeout": 60}; which fields may have one is told where others are given',
      }),
    ),
  },
  { additionalProperties: false, description: "Asked before an action is done, instead of watched on devices" },
);
export type Admission = Static<typeof Admission>;
export type Outcome = Admission["outcome"];

/** Needed beside policy:write to write a policy that is asked, and to change, disable or forget one. */
export const ADMISSION = "admission:write";

export const decideAdmission = action({
  path: "sa/pe/policy/decide",
  summary: "Tell what policies say of an action that you would ask for, without doing it",
  effect: "read",
  permission: "policy:read",
  input: Type.Object({
    action: Type.String({ maxLength: 128, description: "Address of the action: cpl/dm/job/create" }),
    input: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: "What you would give it" })),
  }),
  output: Type.Object({
    isAdmitted: Type.Boolean(),
    isApprovalNeeded: Type.Boolean({ description: "A second person has to say yes first" }),
    answer: Type.String({ description: "In words" }),
    defaults: Type.Record(Type.String(), Type.Unknown(), { description: "What holds where you say nothing" }),
    policies: Type.Array(
      Type.Object({
        policy: Type.String(),
        priority: Type.Integer(),
        outcome: oneOf(outcomes, "What it would do"),
        verdict: oneOf(verdicts, "Whether its condition holds; failed: nobody can tell, and so it refuses"),
        owner: Type.String(),
        reason: Type.String(),
        device: Type.Optional(Type.String({ description: "Name of the device that it was asked about" })),
      }),
      { description: "Those that have a say in it, the first hundred" },
    ),
  }),
});

/** Needed beside policy:read: what others did is told. */
export const AUDIT = "audit:read";
const pastAnswers = ["denied", "approval", "defaults", "unknown"] as const;

export const dryRunAdmission = action({
  path: "sa/pe/policy/dryrunadmission",
  summary: "Tell which of the actions that were done a policy would have refused, or had a second person asked about",
  description:
    "Looks through the audit log, newest first, at what was allowed and policies are asked about. That log does not keep what an action was given, nor which devices a selector picked then: where the answer hangs on it, it is unknown. Devices and roles are taken as they are now; other policies are left out. Takes audit:read too.",
  effect: "read",
  permission: "policy:read",
  isDear: true,
  input: Type.Object({
    condition: Type.String({ minLength: 1, maxLength: 2_048, description: "As of a policy that is asked" }),
    selector: Type.Optional(Type.String({ maxLength: 2_048, description: "Which devices; default: every device" })),
    schedule: Type.Optional(Schedule),
    admission: Admission,
    actions: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        default: 200,
        description: "Past actions it would have been asked about, at most",
      }),
    ),
  }),
  output: Type.Object({
    from: Type.Optional(Type.Integer({ description: "When the oldest of them was done; absent where there was none" })),
    actions: Type.Integer({ description: "How many it would have been asked about" }),
    allowed: Type.Integer({ description: "On how many it would have said nothing" }),
    denied: Type.Integer(),
    approval: Type.Integer({ description: "For how many a second person would have been asked" }),
    defaults: Type.Integer({ description: "For how many it would have said what holds where the caller says nothing" }),
    unknown: Type.Integer({ description: "Of how many nobody can tell" }),
    isWhole: Type.Boolean({
      description: "Whether the audit log holds no older one that it would have been asked about",
    }),
    told: Type.Array(
      Type.Object({
        entry: Type.String({ description: "Of the audit log" }),
        at: Type.Integer(),
        actor: Type.String(),
        action: Type.String(),
        devices: Type.Array(Type.String(), { description: "Names of the devices it was done to, the first ten" }),
        verdict: oneOf(pastAnswers, "What it would have come to"),
        answer: Type.String({ description: "In words" }),
      }),
      { description: "All but the allowed ones, newest first, the first hundred" },
    ),
  }),
});

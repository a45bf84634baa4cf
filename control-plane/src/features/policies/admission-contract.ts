import { Type, type Static } from "@sinclair/typebox";
import { action } from "../../platform/action.ts";

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

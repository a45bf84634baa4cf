import { Type, type Static } from "@sinclair/typebox";
import { action, Ref } from "../../platform/action.ts";

const kinds = ["allow-and-deny", "defaults", "commands", "settings"] as const;

/** Two policies that want what does not fit together, on devices that both are about. */
export const Conflict = Type.Object({
  kind: Type.Union(
    kinds.map((each) => Type.Literal(each)),
    {
      description:
        "allow-and-deny: one allows what the other may deny; defaults: of one field two; commands: of one kind with other arguments, for the same measurements; settings: of one option other values",
    },
  ),
  policies: Type.Array(Type.String(), { description: "Their names, the one that prevails first" }),
  about: Type.String({ description: "Actions, the field, the kind of command, or the option" }),
  devices: Type.Integer({
    description: "How many devices both are about now; 0 where they are about none in particular",
  }),
  examples: Type.Array(Type.String(), { description: "Names of some of them" }),
  answer: Type.String({ description: "In words, and what comes of it" }),
});
export type Conflict = Static<typeof Conflict>;

export const listConflicts = action({
  path: "sa/pe/policy/conflicts",
  summary: "List enabled policies that want what does not fit together, and which of them prevails",
  effect: "read",
  permission: "policy:read",
  isDear: true,
  input: Type.Object({ policy: Type.Optional(Ref("policy", "Only those of this one")) }),
  output: Type.Object({ conflicts: Type.Array(Conflict) }),
});

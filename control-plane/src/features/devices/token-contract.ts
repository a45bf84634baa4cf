import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { resource, type Row } from "../../platform/resource.ts";
import { LabelKey, Labels } from "../../platform/names.ts";
import { statesInput } from "../../platform/states.ts";

const Approval = Type.Union(
  ["known-machines", "manual", "none"].map((each) => Type.Literal(each)),
  { description: "Who waits for approval: hosts that are devices already, all (manual), or nobody" },
);

export const token = resource({
  name: "enrolmenttoken",
  summary: "A permission to enrol devices",
  shape: Type.Object({
    uses: Type.Integer(),
    used: Type.Integer(),
    expiresAt: Type.Integer(),
    labels: Labels,
    hostLabels: Type.Optional(Type.Array(LabelKey)),
    secretHash: Type.String(),
    author: Type.String(),
    /** Whom somebody has to approve; absent for tokens from before there were approvals. */
    approval: Type.Optional(Approval),
  }),
  life: machine("enrolment token", "open", {
    open: { exhaust: "used", expire: "expired", revoke: "revoked" },
    used: {},
    expired: {},
    revoked: {},
  }),
  revoking: ["used", "revoked"],
  indexes: { state: ({ state, expiresAt }) => [[state, expiresAt]] },
  secrets: ["secretHash"],
});

const TokenOutput = Type.Object({
  id: Type.String(),
  state: Type.String(),
  uses: Type.Integer(),
  used: Type.Integer(),
  expiresAt: Type.Integer(),
  labels: Labels,
  hostLabels: Type.Array(Type.String()),
  author: Type.String(),
  createdAt: Type.Integer(),
});
/** To let in what nobody has to approve, whatever host it is. */
export const UNAPPROVED = "enrol:unapproved";

export const createToken = action({
  path: "cpl/dm/token/create",
  summary: "Make an enrolment token; it is shown once",
  // Nobody looks at what then comes in.
  danger: ({ approval }: { readonly approval?: string }) => (approval === "none" ? UNAPPROVED : undefined),
  isShownOnce: true,
  effect: "write",
  permission: "enrol:create",
  input: Type.Object({
    uses: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 1, description: "How many devices may enrol with it" }),
    ),
    ttl: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 604_800, default: 3_600, description: "Seconds until it expires" }),
    ),
    labels: Type.Optional(Labels),
    hostLabels: Type.Optional(
      Type.Array(LabelKey, {
        maxItems: 64,
        description: "Keys of labels that a host may choose itself; what it proposes beside waits until it is accepted",
      }),
    ),
    approval: Type.Optional(Approval),
  }),
  output: Type.Object({
    id: Type.String(),
    token: Type.String({ description: "Paste it into: edgemere-agent enrol TOKEN" }),
    command: Type.String({ description: "The command that enrols a host" }),
    expiresAt: Type.Integer(),
  }),
});
export const listTokens = action({
  path: "cpl/dm/token/list",
  summary: "List enrolment tokens, newest first",
  effect: "read",
  permission: "enrol:create",
  input: Type.Object({ ...statesInput(token), ...pageInput }),
  output: PageOf(TokenOutput),
});
export const revokeToken = action({
  path: "cpl/dm/token/revoke",
  summary: "Make an enrolment token useless",
  effect: "write",
  permission: "enrol:create",
  isAllowedWhenFull: true,
  input: Type.Object({ id: Ref("enrolmenttoken", "Id of the token") }),
  output: TokenOutput,
});

export type Token = Row<typeof token>;

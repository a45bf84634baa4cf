import { Type } from "@sinclair/typebox";
import { action, PageOf, pageInput } from "../../platform/action.ts";
import { Instant } from "../../platform/instant.ts";

const Decision = Type.Union([Type.Literal("allowed"), Type.Literal("denied"), Type.Literal("done")], {
  description: "done: what came of itself, such as a right that ended",
});
const Entry = Type.Object({
  id: Type.String({ description: "The number, as 16 digits" }),
  at: Type.Integer(),
  actor: Type.String(),
  via: Type.String(),
  action: Type.String(),
  decision: Decision,
  objects: Type.Optional(Type.Array(Type.String(), { description: "What it is about, as class:id" })),
  before: Type.Optional(Type.Array(Type.String(), { description: "SHA-256 of each object as it was looked at" })),
  after: Type.Optional(Type.Array(Type.String(), { description: "SHA-256 of each object as it is since" })),
  state: Type.Optional(Type.String({ description: "In which state the object is since" })),
  inputHash: Type.String(),
  requestId: Type.String(),
  previous: Type.String(),
  hash: Type.String(),
});
const Head = Type.Object({
  number: Type.Integer(),
  hash: Type.String(),
  at: Type.Integer(),
  generation: Type.Integer(),
  keyId: Type.String(),
  signature: Type.String({ description: "Ed25519, base64" }),
});

export const listAudit = action({
  path: "ia/audit/list",
  summary: "Read the audit log, newest first",
  effect: "read",
  permission: "audit:read",
  input: Type.Object({
    actor: Type.Optional(Type.String({ maxLength: 256, description: "Only what this one asked, such as user:alice" })),
    action: Type.Optional(
      Type.String({ maxLength: 256, description: "Only this address; ia/token/* stands for all below" }),
    ),
    object: Type.Optional(Type.String({ maxLength: 512, description: "Only what is about this, such as device:ID" })),
    decision: Type.Optional(Decision),
    from: Type.Optional(Instant("Not before")),
    to: Type.Optional(Instant("Not after")),
    ...pageInput,
  }),
  output: PageOf(Entry),
});

export const verifyAudit = action({
  path: "ia/audit/verify",
  summary: "Check that no entry of the audit log was changed, taken out, slipped in or cut off",
  description:
    "Follows the chain of hashes, compares it with its copy in the second place, and holds both against the signed heads. A long log is checked in parts: ask again after `next`",
  effect: "read",
  permission: "audit:read",
  input: Type.Object({
    after: Type.Optional(Type.Integer({ minimum: 0, description: "Entries after this number; all when absent" })),
  }),
  output: Type.Object({
    whole: Type.Boolean({ description: "Whether nothing is wrong with this part" }),
    checked: Type.Integer({ description: "Up to which entry it was checked" }),
    entries: Type.Integer({ description: "Number of the newest entry" }),
    heads: Type.Integer({ description: "Signed heads that fit" }),
    compared: Type.Integer({ description: "Entries that the copy has as well, and the same" }),
    witnesses: Type.Integer({ description: "Devices whose countersigned head fits; told at the end" }),
    faults: Type.Array(
      Type.Object({
        entry: Type.Integer({ description: "Number of the first entry that is wrong, or missing" }),
        place: Type.String({ description: "store or copy" }),
        kind: Type.String({
          description: "altered, deleted, inserted, reordered, truncated, unlinked or forged head",
        }),
        detail: Type.String(),
      }),
    ),
    next: Type.Optional(Type.Integer({ description: "Ask again after this number; absent at the end" })),
  }),
});

export const exportAudit = action({
  path: "ia/audit/export",
  summary: "Read the audit log with its signed heads, oldest first, to be kept elsewhere",
  description: "That it was read is an entry itself",
  effect: "read",
  permission: "audit:read",
  isAudited: true,
  input: Type.Object({
    after: Type.Optional(Type.Integer({ minimum: 0, description: "Entries after this number; all when absent" })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5_000, default: 1_000, description: "Entries at most" })),
  }),
  output: Type.Object({
    entries: Type.Array(Entry),
    heads: Type.Array(Head),
    publicKey: Type.String({ description: "SPKI, PEM: what the heads are signed with" }),
    next: Type.Optional(Type.Integer({ description: "Ask again after this number; absent at the end" })),
  }),
});

export const severities = ["high", "medium", "low"] as const;
export const auditFleet = action({
  path: "ia/audit/fleet",
  summary: "Check the fleet and its accounts for what should not be so, worst first",
  effect: "read",
  permission: "audit:read",
  input: Type.Object({
    severity: Type.Optional(
      Type.Union(
        severities.map((each) => Type.Literal(each)),
        { description: "Only what is at least so bad" },
      ),
    ),
    ...pageInput,
  }),
  output: PageOf(
    Type.Object({
      severity: Type.Union(severities.map((each) => Type.Literal(each))),
      finding: Type.String({ description: "What it is, in stable words" }),
      subject: Type.String({ description: "Which one, as class:id, or the control plane" }),
      detail: Type.String(),
      advice: Type.String({ description: "What to do" }),
    }),
  ),
});

import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { Name as AnyName } from "../../platform/names.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";
import { notice } from "./notice-contract.ts";

export * from "./notice-contract.ts";

/** What lets a policy tell a contact. */
export const USING = "contact:use";

const Name = Type.String({ ...AnyName, description: "Name of the contact, without a slash" });
const Kind = Type.Union([Type.Literal("webhook"), Type.Literal("mail")], {
  description: "webhook: a signed POST over HTTPS. mail: a message to a mailbox, by the server of --mail-server",
});
const Address = Type.String({
  minLength: 1,
  maxLength: 1_024,
  description: "Of a webhook its address, https://…; of mail the mailbox, like night-shift@example.org",
});
const GroupFor = Type.Integer({
  minimum: 0,
  maximum: 600,
  description: "Seconds that what happens is collected into one message; default: 5",
});
const PerMinute = Type.Integer({ minimum: 1, maximum: 600, description: "Messages in a minute at most; default: 12" });
const Secret = Type.String({
  pattern: "^whsec_[A-Za-z0-9+/]{32,86}={0,2}$",
  description: "What a webhook's messages are signed with, whsec_ and 24 to 64 bytes in base64; default: a new one",
});

/** Where people or programs are told of alerts. working: it took what it was sent last, or nothing was sent yet. failing: it did not. */
export const contact = resource({
  name: "contact",
  summary: "Where people or programs are told of alerts",
  shape: Type.Object({
    name: Name,
    kind: Kind,
    address: Address,
    groupFor: GroupFor,
    perMinute: PerMinute,
    author: Type.String(),
    /** What it said when it did not take something; empty while it works. */
    reason: Type.String(),
    /** The secret of a webhook, under the authority's sealing key. */
    sealedSecret: Type.Optional(Type.String()),
  }),
  life: machine("contact", "working", { working: { fail: "failing" }, failing: { recover: "working" } }),
  secrets: ["sealedSecret"],
});
export type Contact = Row<typeof contact>;

const shown = {
  name: Name,
  kind: Kind,
  address: Address,
  groupFor: GroupFor,
  perMinute: PerMinute,
  author: Type.String(),
  state: Type.String({ description: "working, or failing while it does not take what it is sent" }),
  reason: Type.String({ description: "Why it fails; empty while it works" }),
  createdAt: Type.Integer({ description: "Milliseconds since 1970 UTC" }),
  updatedAt: Type.Integer({ description: "Milliseconds since 1970 UTC" }),
};
const Shown = Type.Object(shown);
const ShownOnce = Type.Object({
  ...shown,
  newSecret: Type.Optional(
    Type.String({ description: "What a webhook's messages are signed with, where it was made: shown once" }),
  ),
});

const PATH = "sa/nf/contact";
const ContactRef = Ref("contact", "The contact, by its name");
// Whoever says where alerts go may send what is known of devices anywhere.
const writing = { effect: "write", permission: "contact:write", danger: () => "contact:write" } as const;
const reading = { effect: "read", permission: "contact:read" } as const;

export const createContact = action({
  path: `${PATH}/create`,
  summary: "Say where people or programs are told of alerts; the secret of a webhook is shown once",
  ...writing,
  isShownOnce: true,
  secrets: ["secret"],
  input: Type.Object({
    name: Name,
    kind: Kind,
    address: Address,
    secret: Type.Optional(Secret),
    groupFor: Type.Optional(GroupFor),
    perMinute: Type.Optional(PerMinute),
  }),
  output: ShownOnce,
});
export const updateContact = action({
  path: `${PATH}/update`,
  summary: "Change the address or the pace of a contact, or give it a new secret",
  ...writing,
  isShownOnce: true,
  secrets: ["secret"],
  input: Type.Object({
    contact: ContactRef,
    address: Type.Optional(Address),
    secret: Type.Optional(Secret),
    renew: Type.Optional(Type.Boolean({ description: "Make a new secret, and show it once; the former one ends" })),
    groupFor: Type.Optional(GroupFor),
    perMinute: Type.Optional(PerMinute),
  }),
  output: ShownOnce,
});
export const destroyContact = action({
  path: `${PATH}/destroy`,
  summary: "Forget a contact that no policy names; what waits for it is given up",
  effect: "destroy",
  permission: "contact:write",
  danger: () => "contact:write",
  input: Type.Object({ contact: ContactRef }),
  output: Shown,
});
export const findContact = action({
  path: `${PATH}/find`,
  summary: "Show one contact",
  ...reading,
  input: Type.Object({ contact: ContactRef }),
  output: Shown,
});
export const listContacts = action({
  path: `${PATH}/list`,
  summary: "List the contacts, by name",
  ...reading,
  input: Type.Object({ ...statesInput(contact), ...pageInput }),
  output: PageOf(Shown),
});
export const testContact = action({
  path: `${PATH}/test`,
  summary:
    "Send a contact a message that says it is a test, by the road of all others; what becomes of it is in the notice",
  effect: "write",
  permission: USING,
  input: Type.Object({ contact: ContactRef }),
  output: rowSchema(notice),
});

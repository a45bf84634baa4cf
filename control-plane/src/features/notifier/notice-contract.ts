import { Type, type Static } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";

/** What of an alert people hear: it counts; what it hangs on is not measured; it is over. */
export const tellable = ["firing", "nodata", "resolved"] as const;
export type Tellable = (typeof tellable)[number];

const Instant = (description: string) => Type.Integer({ description: `${description}, milliseconds since 1970 UTC` });

/** A change of an alert, as it was when it happened. */
const Told = Type.Object({
  alert: Type.String({
    description: "Id of the alert: the device's id, or @ and the group, a slash, the policy's name",
  }),
  change: Type.Union(
    tellable.map((each) => Type.Literal(each)),
    { description: "firing: it counts. nodata: what it hangs on is not measured. resolved: it is over" },
  ),
  at: Instant("When it changed"),
  since: Instant("When the alert began"),
  episode: Type.Integer({ description: "How often the alert began" }),
  policy: Type.String({ description: "Name of the policy" }),
  severity: Type.String({ description: "info, warning or critical" }),
  device: Type.String({ description: "Id of the device; empty where it is about a group" }),
  group: Type.Optional(Type.String({ description: "What the group is called; absent where it is about one device" })),
  name: Type.String({ description: "Name of the device, empty where it is gone; what the group is called" }),
  reason: Type.String({ description: "What is missing, or why it is no surprise; else empty" }),
  looked: Type.Array(Type.Object({ what: Type.String(), value: Type.Optional(Type.Number()) }), {
    description: "What the condition looked at, and what it saw; without a value where there was none",
  }),
});
export type Told = Static<typeof Told>;

/**
 * What a webhook is sent, as JSON, by POST. Its header `webhook-id` is the notice's id, the same with each try: who has seen it may leave the
 * message out. `webhook-signature` is `v1,` and HMAC-SHA256 in base64 over `<webhook-id>.<webhook-timestamp>.<body>`, under the bytes that
 * stand in base64 behind the `whsec_` of the contact's secret; `webhook-timestamp` is in seconds. An answer of 2xx takes it.
 */
export const Message = Type.Object({
  type: Type.Union([Type.Literal("alerts"), Type.Literal("test")]),
  notice: Type.String({ description: "Id of the notice" }),
  contact: Type.String({ description: "Name of the contact" }),
  controlPlane: Type.String({ description: "Trust domain of the control plane that says so" }),
  alerts: Type.Array(Told, { description: "Changes in the order in which they happened; none in a test" }),
});
export type Message = Static<typeof Message>;

/**
 * One message to a contact, and how far it is. waiting: to be sent, or to be tried again. delivered: the other side took it. refused: it says
 * that it will never take it. givenup: it did not take it for as long as is tried.
 */
export const notice = resource({
  name: "notice",
  summary: "One message to a contact, about one alert or several",
  shape: Type.Object({
    contact: Type.String(),
    /** Empty where somebody tries the contact out. */
    told: Type.Array(Told),
    /** Notices of a contact go out in this order: the number of the first event that is told. */
    place: Type.Integer(),
    attempts: Type.Integer(),
    /** When it is sent, or tried again. Milliseconds since 1970 UTC, as all instants. */
    dueAt: Type.Integer(),
    /** When it is not tried any more. */
    giveUpAt: Type.Integer(),
    /** What the other side said last, or why it did not; empty before the first try. */
    answer: Type.String(),
    deliveredAt: Type.Optional(Type.Integer()),
  }),
  life: machine("notice", "waiting", {
    waiting: { deliver: "delivered", refuse: "refused", giveUp: "givenup" },
    delivered: {},
    refused: { retry: "waiting" },
    givenup: { retry: "waiting" },
  }),
  belongsTo: ({ told }) => told.map(({ device }) => device),
  indexes: {
    waiting: ({ state, contact, place, id }) => (state === "waiting" ? [[contact, place, id]] : []),
    contact: ({ contact, id }) => [[contact, id]],
    state: ({ state, id }) => [[state, id]],
    ended: ({ state, updatedAt }) => (state === "waiting" ? [] : [[updatedAt]]),
  },
});
export type Notice = Row<typeof notice>;

const PATH = "sa/nf/notice";
const NoticeRef = Ref("notice", "Id of the notice");
const reading = { effect: "read", permission: "notice:read" } as const;

export const listNotices = action({
  path: `${PATH}/list`,
  summary: "List what contacts are and were told, newest first, and how far each is",
  ...reading,
  scope: "filtered",
  input: Type.Object({
    contact: Type.Optional(Type.String({ maxLength: 128, description: "Only to the contact of this name" })),
    state: Type.Optional(
      Type.Union(
        notice.life.states.map((each) => Type.Literal(each)),
        { description: "Only in this state" },
      ),
    ),
    ...pageInput,
  }),
  output: PageOf(rowSchema(notice)),
});
export const findNotice = action({
  path: `${PATH}/find`,
  summary: "Show one notice: what it tells, how often it was tried, the last answer, the next try",
  ...reading,
  scope: "referenced",
  input: Type.Object({ notice: NoticeRef }),
  output: rowSchema(notice),
});
export const retryNotice = action({
  path: `${PATH}/retry`,
  summary: "Send a notice again that was refused or given up, before those of its contact that wait",
  effect: "write",
  permission: "notice:write",
  scope: "referenced",
  input: Type.Object({ notice: NoticeRef }),
  output: rowSchema(notice),
});

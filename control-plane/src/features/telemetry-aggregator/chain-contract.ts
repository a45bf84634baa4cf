import { Type, type Static } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { Labels, Name } from "../../platform/names.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";

const Origin = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
  description: "A control plane by the id that cpl/ta/parent/find tells there",
});
const Origins = Type.Array(Origin, {
  minItems: 1,
  maxItems: 1_000,
  description: "Control planes whose devices it may tell of: itself, and those that report to it in their turn",
});
const Reporter = Type.String({
  minLength: 1,
  maxLength: 128,
  description: "Id of the API token that it shows; that needs the permission telemetry:report",
});
const DevicesAtMost = Type.Integer({
  minimum: 1,
  maximum: 100_000,
  default: 1_000,
  description: "Devices that it may tell of at most",
});
const BytesAtMost = Type.Integer({
  minimum: 1024 ** 2,
  maximum: 1024 ** 5,
  description:
    "Room here for what it tells, in bytes; default: what the option child-room says. What has none is refused until older hours are forgotten",
});

/** A control plane that reports the windows of its devices to this one. */
export const child = resource({
  name: "child",
  summary: "A control plane that reports the windows of its devices to this one",
  shape: Type.Object({
    name: Name,
    reporter: Reporter,
    origins: Origins,
    devicesAtMost: Type.Integer(),
    /** Absent: as many as the control plane grants any. */
    bytesAtMost: Type.Optional(Type.Integer()),
    author: Type.String(),
    /** In the event child.full alone, the row does not keep it: how much of what it told is kept, and how much may be. */
    room: Type.Optional(Type.Object({ bytes: Type.Integer(), bytesAtMost: Type.Integer() })),
  }),
  life: machine("child", "expected", {
    expected: { hear: "reporting" },
    reporting: { lose: "silent" },
    silent: { hear: "reporting" },
  }),
  news: ["full"],
  indexes: { name: ({ name }) => [[name]] },
});
export type Child = Row<typeof child>;

/** Why an hour of a device that a child tells of is not taken. */
export const reportRefusals = [
  "undeclared-origin",
  "own-origin",
  "too-many-devices",
  "too-old",
  "future",
  "unreadable",
  "inconsistent",
  "too-many-series",
  "too-large",
  "no-room",
] as const;
export type ReportRefusal = (typeof reportRefusals)[number];

const Counted = Type.Array(Type.Object({ reason: Type.String(), hours: Type.Integer() }));
const Gap = Type.Object({
  from: Type.Integer(),
  to: Type.Integer(),
  records: Type.Integer({ minimum: 0 }),
  reason: Type.String({ maxLength: 64 }),
});

/** What one hour of one device was, minute by minute: the whole of it, which takes the place of all that was told before. */
export const ReportedHour = Type.Object({
  origin: Origin,
  device: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", description: "Its id there" }),
  name: Name,
  labels: Labels,
  machine: Type.String({ maxLength: 256, description: "Id of the host, empty where it is not known" }),
  hour: Type.Integer({ minimum: 0, description: "When it begins, milliseconds since 1970 UTC" }),
  version: Type.String({
    pattern: "^\\d{6}\\.\\d{16}\\.\\d{8}$",
    description: "Of two reports of one hour the greater one counts, in whatever order they come",
  }),
  windows: Type.String({
    maxLength: 360_000,
    pattern: "^[A-Za-z0-9+/]*={0,2}$",
    description: "Windows of a minute with sketches, metric by metric, in base64; empty: there is nothing any more",
  }),
  gaps: Type.Array(Gap, { maxItems: 20, description: "Times in it of which the origin knows that samples were lost" }),
});
export type ReportedHour = Static<typeof ReportedHour>;

const PATH = "cpl/ta/child";
const Named = Ref("child", "The child: id or name");
const writing = { effect: "write", permission: "child:write" } as const;
const reading = { effect: "read", permission: "telemetry:read" } as const;

export const createChild = action({
  path: `${PATH}/create`,
  summary: "Let a control plane report the windows of its devices to this one",
  description:
    "It reports with an API token of this control plane and speaks only of the origins that are declared here. An origin belongs to one child: what comes of it by another one is refused, and so nothing counts twice.",
  ...writing,
  input: Type.Object({
    name: Name,
    reporter: Reporter,
    origins: Origins,
    devicesAtMost: Type.Optional(DevicesAtMost),
    bytesAtMost: Type.Optional(BytesAtMost),
  }),
  output: rowSchema(child),
});
export const updateChild = action({
  path: `${PATH}/update`,
  summary:
    "Change which token a child shows, which origins and how many devices it may tell of, and how much of it is kept",
  ...writing,
  input: Type.Object({
    child: Named,
    reporter: Type.Optional(Reporter),
    origins: Type.Optional(Origins),
    devicesAtMost: Type.Optional(DevicesAtMost),
    bytesAtMost: Type.Optional(BytesAtMost),
  }),
  output: rowSchema(child),
});
export const destroyChild = action({
  path: `${PATH}/destroy`,
  summary: "Take nothing from a child any more, and forget its devices; their windows go when they are old",
  effect: "destroy",
  permission: "child:write",
  danger: () => "child:write",
  input: Type.Object({ child: Named }),
  output: rowSchema(child),
});

const Shown = Type.Object({
  id: Type.String(),
  name: Type.String(),
  state: Type.String({
    description: "expected before its first word, reporting, or silent when it says nothing any more",
  }),
  reporter: Type.String({ description: "Id of the API token that it shows" }),
  origins: Type.Array(Type.String()),
  devicesAtMost: Type.Integer(),
  createdAt: Type.Integer(),
  position: Type.String({ description: "How far its reports are taken, in its own words; empty before the first" }),
  heardAt: Type.Optional(Type.Integer({ description: "When it spoke last; absent when it never did" })),
  knownUpTo: Type.Optional(
    Type.Integer({ description: "What its devices measured up to then is here; of what is later nothing is known" }),
  ),
  waiting: Type.Integer({ description: "Hours of devices that it had still to report when it spoke last" }),
  devices: Type.Integer({ description: "Devices that it told of" }),
  bytes: Type.Integer({ description: "How much of what it told is kept here, before it is compressed" }),
  bytesAtMost: Type.Integer({ description: "How much may be" }),
  fullSince: Type.Optional(
    Type.Integer({ description: "Since when it tells more than there is room for; absent while there is some" }),
  ),
  taken: Type.Integer({ description: "Hours of devices that were taken, later words for one hour included" }),
  repeated: Type.Integer({ description: "Hours of devices that were known already, or in a later version" }),
  refused: Counted,
  undeclared: Type.Array(Type.String(), { description: "Origins that it told of and may not, the newest few" }),
  lost: Type.Integer({ description: "Hours of devices that became too old at the child before it could report them" }),
  lostUpTo: Type.Optional(Type.Integer({ description: "When the newest of these began" })),
});

export const findChild = action({
  path: `${PATH}/find`,
  summary: "Show one child, and how far its reports are",
  ...reading,
  input: Type.Object({ child: Named }),
  output: Shown,
});
export const listChildren = action({
  path: `${PATH}/list`,
  summary: "List the control planes that report to this one, and how far their reports are",
  ...reading,
  input: Type.Object({ ...statesInput(child), ...pageInput }),
  output: PageOf(Shown),
});
export const listChildDevices = action({
  path: `${PATH}/devices`,
  summary: "List the devices that a child tells of, and which of them count",
  ...reading,
  input: Type.Object({ child: Named, ...pageInput }),
  output: PageOf(
    Type.Object({
      id: Type.String({ description: "Origin and id there" }),
      name: Type.String(),
      labels: Type.Record(Type.String(), Type.String()),
      newestHour: Type.Integer({ description: "When the newest hour begins that was told of it" }),
      countsAs: Type.String({
        description: "Empty when it counts; otherwise the device or child by which the same host counts",
      }),
    }),
  ),
});
export const listChildGaps = action({
  path: `${PATH}/gaps`,
  summary: "List times of which a child knows that samples of its devices were lost, newest hour first",
  ...reading,
  input: Type.Object({ child: Named, ...pageInput }),
  output: PageOf(Type.Composite([Type.Object({ device: Type.String(), name: Type.String() }), Gap])),
});
export const reportWindows = action({
  path: `${PATH}/report`,
  summary: "Report hours of devices to a parent control plane",
  description:
    "For control planes. What is reported is taken when `after` is where the parent stands, and otherwise left: the answer says where to go on. The same again changes nothing.",
  effect: "write",
  permission: "telemetry:report",
  // That the child may is an entry, and what it said is counted at it.
  isPiece: true,
  secrets: ["reports"],
  input: Type.Object({
    after: Type.String({ maxLength: 128, description: "Where the parent stood by its last answer" }),
    position: Type.String({ maxLength: 128, description: "Where it stands when this is taken" }),
    reports: Type.Array(ReportedHour, { maxItems: 200, description: "Hours of devices, each as a whole" }),
    knownUpTo: Type.Optional(
      Type.Integer({ minimum: 0, description: "All that was measured up to then is reported with this" }),
    ),
    waiting: Type.Integer({ minimum: 0, description: "Hours of devices that are still to be reported" }),
    lost: Type.Integer({ minimum: 0, description: "Hours of devices that became too old before they were, in all" }),
    lostUpTo: Type.Optional(Type.Integer({ minimum: 0, description: "When the newest of these began" })),
  }),
  output: Type.Object({
    position: Type.String({ description: "Where the parent stands now" }),
    isTaken: Type.Boolean(),
    refused: Counted,
  }),
});

export const findParent = action({
  path: "cpl/ta/parent/find",
  summary: "Show by which id this control plane is known to others, and how its own reports to a parent fare",
  ...reading,
  input: Type.Object({}),
  output: Type.Object({
    origin: Type.String({ description: "To be declared where this control plane is to be a child" }),
    parent: Type.String({ description: "Its address; empty when there is none" }),
    reason: Type.String({ description: "Why the parent takes nothing now; empty while it does" }),
    waiting: Type.Integer({ description: "Hours of devices that are to be reported" }),
    reportedAt: Type.Optional(Type.Integer({ description: "When the parent took something last" })),
    lost: Type.Integer({ description: "Hours of devices that became too old before they could be reported" }),
  }),
});

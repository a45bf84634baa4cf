import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";

/** What a terminal has shown, as asciicast v2, with a chain of hashes over its lines. Its id is that of the command that opened it. */
export const recording = resource({
  name: "recording",
  summary: "What was shown in a terminal",
  shape: Type.Object({
    job: Type.String(),
    device: Type.String(),
    author: Type.String(),
    /** Why it was opened, by its author. */
    reason: Type.String(),
    columns: Type.Integer(),
    rows: Type.Integer(),
    endedAt: Type.Optional(Type.Integer()),
    /** A code; empty when the shell ended or somebody left. */
    endReason: Type.String(),
    detail: Type.String(),
    /** Of all lines. */
    bytes: Type.Integer(),
    chunks: Type.Integer(),
    /** Head of the chain: SHA-256 over the head before and the lines of each chunk, hex. */
    head: Type.String(),
    /** SHA-256 of all that was shown, hex: its device signs the same. */
    shownHash: Type.String(),
  }),
  // cut: nobody was there to end it, so its last moments may be missing.
  life: machine("recording", "open", { open: { complete: "complete", cut: "cut" }, complete: {}, cut: {} }),
  belongsTo: ({ device }) => [device],
  indexes: {
    device: ({ device, id }) => [[device, id]],
    open: ({ state, id }) => (state === "open" ? [[id]] : []),
    over: ({ endedAt }) => (endedAt === undefined ? [] : [[endedAt]]),
  },
});

const RecordingRef = Ref("recording", "Id of the recording: that of the terminal's command");
const of = { permission: "recording:read", scope: "referenced" } as const;

export const findRecording = action({
  ...of,
  path: "cpl/dm/recording/find",
  summary: "Show what is known of a terminal's recording",
  effect: "read",
  input: Type.Object({ recording: RecordingRef }),
  output: rowSchema(recording),
});
export const listRecordings = action({
  path: "cpl/dm/recording/list",
  summary: "List recordings of terminals, newest first",
  effect: "read",
  permission: "recording:read",
  scope: "filtered",
  input: Type.Object({
    device: Type.Optional(Ref("device", "Only those of one device")),
    ...statesInput(recording),
    ...pageInput,
  }),
  output: PageOf(rowSchema(recording)),
});
export const playRecording = action({
  ...of,
  path: "cpl/dm/recording/play",
  summary: "Read a terminal's recording as asciicast v2, a part at a time",
  effect: "read",
  isAudited: true,
  input: Type.Object({
    recording: RecordingRef,
    from: Type.Optional(
      Type.Integer({ minimum: 0, default: 0, description: "Position: number of the first chunk to read" }),
    ),
  }),
  output: Type.Object({
    lines: Type.String({ description: "Whole lines of asciicast v2; the first part begins with its head" }),
    next: Type.Optional(Type.Integer({ description: "Where to read on; absent at the end" })),
  }),
});
export const verifyRecording = action({
  ...of,
  path: "cpl/dm/recording/verify",
  summary: "Check that a recording is as it was written, and says what its device has signed",
  effect: "read",
  input: Type.Object({ recording: RecordingRef }),
  output: Type.Object({
    isChained: Type.Boolean({
      description: "The chain over its chunks leads to the head that was written down at its end",
    }),
    isWhole: Type.Boolean({ description: "It was ended, and not cut off" }),
    device: Type.Union([Type.Literal("same"), Type.Literal("other"), Type.Literal("unknown")], {
      description: "Whether the device has signed that it showed the same; unknown when it said nothing",
    }),
    chunks: Type.Integer(),
    head: Type.String(),
  }),
});
/** Asked by the rule on `recording.complete` and `recording.cut`: so the head stands in the audit log. */
export const sealRecording = action({
  path: "cpl/dm/recording/seal",
  summary: "Write the head of a recording into the audit log",
  effect: "write",
  permission: "recording:seal",
  scope: "referenced",
  isAllowedWhenFull: true,
  input: Type.Object({
    recording: RecordingRef,
    head: Type.String({ description: "SHA-256, hex: the head of its chain" }),
  }),
  output: Type.Object({ recording: Type.String(), head: Type.String() }),
});

export type RecordingRow = Row<typeof recording>;

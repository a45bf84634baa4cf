import { Type } from "@sinclair/typebox";
import { commandKinds, commandLife, type CommandKind, type CommandState } from "@edgemere/protocol";
import { HOUR, machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { scattered } from "../../platform/keys.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";
import { disturbsUntil } from "./disturbing-contract.ts";
import { rolloutSpec } from "./rollout-spec-contract.ts";
import { Arguments, Kind, Secrets } from "./rollout-words-contract.ts";

export * from "./rollout-contract.ts";
export * from "./rollout-life-contract.ts";
export { blockReasons, causes } from "./rollout-words-contract.ts";

/** How long after a command must have ended the control plane goes on waiting for word of it. */
const LOST_AFTER = HOUR;

interface Deadlines {
  readonly state: CommandState;
  readonly expiresAt: number;
  readonly runTimeout: number;
}

/** When the control plane itself ends a command: one that no device has seen at its deadline, another when all hope is lost. */
export function dueAt({ state, expiresAt, runTimeout }: Deadlines): number | undefined {
  if (commandLife.isFinal(state)) return undefined;
  return state === "queued" ? expiresAt : expiresAt + runTimeout + LOST_AFTER;
}

/** Names of secrets, and the secrets: sealed for one command of one device, and readable nowhere else. Base64. */
const SealedSecrets = Type.Object({
  names: Type.Array(Type.String()),
  encapsulatedKey: Type.String(),
  ciphertext: Type.String(),
});

/** One thing one device is asked to do. */
export const command = resource({
  name: "command",
  summary: "One thing one device is asked to do",
  shape: Type.Object({
    job: Type.String(),
    device: Type.String(),
    kind: Kind,
    arguments: Arguments,
    /** What goes with it that only its device can read. */
    sealed: Type.Optional(SealedSecrets),
    /** Contiguous per device. */
    sequence: Type.Integer(),
    author: Type.String(),
    /** After this it must not start. */
    expiresAt: Type.Integer(),
    /** Milliseconds it may run. */
    runTimeout: Type.Integer(),
    cancelRequested: Type.Boolean(),
    reason: Type.String(),
    detail: Type.String(),
    result: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    startedAt: Type.Optional(Type.Integer()),
    finishedAt: Type.Optional(Type.Integer()),
    outputBytes: Type.Integer(),
    /** Who beside the author said that it may be done. */
    approvals: Type.Optional(Type.Array(Type.String())),
    /** Which life of the control plane asked: one more after each restore from a backup. */
    generation: Type.Integer(),
    /** Another end than the one that counts, told after it: evidence, never applied. */
    lateResult: Type.Optional(
      Type.Object({
        state: Type.String(),
        reason: Type.String(),
        detail: Type.String(),
        result: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
        receivedAt: Type.Integer(),
      }),
    ),
  }),
  life: commandLife,
  news: ["late"],
  belongsTo: ({ device }) => [device],
  indexes: {
    device: ({ device, id }) => [[device, id]],
    job: ({ job }) => [[job]],
    open: ({ device, state, sequence }) => (commandLife.isFinal(state) ? [] : [[device, sequence]]),
    /** Commands that bring content into a data source, by its hash and their device. */
    bringing: ({ kind, state, arguments: given, device }) =>
      kind === "data.put" && !commandLife.isFinal(state) ? [[String(given["sha256"]), scattered(device)]] : [],
    disturbing: (row) => {
      const until = disturbsUntil(row);
      return until === undefined ? [] : [[row.device, until]];
    },
    unfinished: ({ state }) => (commandLife.isFinal(state) ? [] : [[state]]),
    due: (row) => {
      const at = dueAt(row);
      return at === undefined ? [] : [[at]];
    },
  },
});

/** A command for the devices that were picked. Its end follows from its commands' ends. */
export const job = resource({
  name: "job",
  summary: "A command to devices",
  shape: Type.Object({
    kind: Kind,
    arguments: Arguments,
    /** The devices that were picked. */
    devices: Type.Array(Type.String()),
    author: Type.String(),
    expiresAt: Type.Integer(),
    runTimeout: Type.Integer(),
    /** The account of who asked: what is dangerous another one has to approve. */
    account: Type.Optional(Type.String()),
    /** Secrets that wait with a job for approval, and the id of the command that they are sealed for. */
    sealed: Type.Optional(Type.Object({ command: Type.String(), box: SealedSecrets })),
    /** What a second person said, where one had to be asked. */
    decision: Type.Optional(
      Type.Object({ by: Type.String(), at: Type.Integer(), isApproved: Type.Boolean(), reason: Type.String() }),
    ),
    /** Of which rollout it is the part for one device. */
    rollout: Type.Optional(Type.String()),
  }),
  life: machine("job", "awaitingapproval", {
    awaitingapproval: { approve: "running", refuse: "refused", expire: "expired", cancel: "cancelled" },
    running: { succeed: "succeeded", fail: "failed", cancel: "cancelled", partly: "partial" },
    succeeded: {},
    partial: {},
    failed: {},
    cancelled: {},
    refused: {},
    expired: {},
  }),
  belongsTo: ({ devices }) => devices,
  indexes: {
    device: ({ devices, id }) => devices.map((device) => [device, id]),
    over: ({ state, updatedAt }) => (state === "running" || state === "awaitingapproval" ? [] : [[updatedAt]]),
    awaiting: ({ state, expiresAt, id }) => (state === "awaitingapproval" ? [[expiresAt, id]] : []),
  },
});

/** Somebody asked for dangerous commands too often: an alert, and who it was. */
export const commandCap = resource({
  name: "commandcap",
  summary: "A caller who asked for more dangerous commands than one may",
  shape: Type.Object({ actor: Type.String(), kind: Kind, limit: Type.String(), at: Type.Integer() }),
  life: machine("command cap", "exceeded", { exceeded: { repeat: "exceeded" } }),
});

const JobDetail = Type.Object({ job: rowSchema(job), commands: Type.Array(rowSchema(command)) });
const JobRef = Ref("job", "Id of the job");

export const createJob = action({
  path: "cpl/dm/job/create",
  danger: ({ kind }: { kind: CommandKind }) => (commandKinds[kind].dangerous ? `command:${kind}` : undefined),
  summary: "Ask a device to do something",
  secrets: ["secrets"],
  effect: "write",
  permission: "job:create",
  scope: "referenced",
  defaultable: ["queueTimeout", "runTimeout"],
  input: Type.Object({
    device: Ref("device", "The device: id or name"),
    kind: Kind,
    arguments: Type.Optional(Arguments),
    secrets: Type.Optional(Secrets),
    queueTimeout: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 604_800, default: 3_600, description: "Seconds within which it must start" }),
    ),
    runTimeout: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 86_400, description: "Seconds it may run; else as job kinds says of it" }),
    ),
    isApprovalNeeded: rolloutSpec.isApprovalNeeded,
  }),
  output: JobDetail,
});

/** What it takes to have devices carry out commands of a kind, dangerous or not. */
export const permissionsToCommand = (kind: CommandKind): readonly string[] => [createJob.permission, `command:${kind}`];
export const findJob = action({
  path: "cpl/dm/job/find",
  summary: "Show a job and its commands",
  effect: "read",
  permission: "job:read",
  scope: "referenced",
  input: Type.Object({ job: JobRef }),
  output: JobDetail,
});
export const listJobs = action({
  path: "cpl/dm/job/list",
  summary: "List jobs, newest first",
  effect: "read",
  permission: "job:read",
  scope: "filtered",
  input: Type.Object({
    device: Type.Optional(Ref("device", "Only those of one device")),
    ...statesInput(job),
    ...pageInput,
  }),
  output: PageOf(rowSchema(job)),
});
export const listAwaiting = action({
  path: "cpl/dm/job/awaiting",
  summary: "List jobs that wait for a second person, the most urgent first",
  effect: "read",
  permission: "job:read",
  scope: "filtered",
  input: Type.Object(pageInput),
  output: PageOf(rowSchema(job)),
});
const decided = { effect: "write", permission: "job:approve", scope: "referenced", output: JobDetail } as const;
export const approveJob = action({
  ...decided,
  danger: () => "job:approve",
  path: "cpl/dm/job/approve",
  summary: "Say as a second person that a dangerous job may be done; it begins at once",
  input: Type.Object({ job: JobRef }),
});
export const refuseJob = action({
  ...decided,
  path: "cpl/dm/job/refuse",
  summary: "Say as a second person that a dangerous job may not be done",
  isAllowedWhenFull: true,
  input: Type.Object({ job: JobRef, reason: Type.Optional(Type.String({ maxLength: 1_024, description: "Why" })) }),
});
export const cancelJob = action({
  path: "cpl/dm/job/cancel",
  summary: "Stop a job: what has not started never will, what runs is stopped",
  effect: "write",
  permission: "job:create",
  scope: "referenced",
  isAllowedWhenFull: true,
  input: Type.Object({ job: JobRef }),
  output: JobDetail,
});
export const readOutput = action({
  path: "cpl/dm/job/output",
  summary: "Read what a job's command wrote",
  effect: "read",
  permission: "job:read",
  scope: "referenced",
  input: Type.Object({
    job: JobRef,
    from: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: "Position of the first byte to read" })),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_048_576,
        default: 65_536,
        description: "Bytes after which to stop; what a device sent at once comes whole",
      }),
    ),
  }),
  output: Type.Object({
    chunks: Type.Array(
      Type.Object({
        offset: Type.Integer(),
        channel: Type.Union([Type.Literal("stdout"), Type.Literal("stderr")]),
        text: Type.String({ description: "UTF-8; what is none is shown as U+FFFD" }),
      }),
    ),
    next: Type.Integer({ description: "Where to read on" }),
    dropped: Type.Integer({ description: "Bytes over the limit of the command, which nobody keeps" }),
    ended: Type.Boolean({ description: "Nothing more will come" }),
  }),
});
/** Asked by the rule on `device.retired`. */
export const abandonCommands = action({
  path: "cpl/dm/job/abandon",
  summary: "End every open command of a device that will never answer",
  effect: "write",
  permission: "job:abandon",
  scope: "referenced",
  input: Type.Object({ device: Ref("device", "The device: id or name") }),
  output: Type.Object({ device: Type.String(), commands: Type.Integer() }),
});
export const listKinds = action({
  path: "cpl/dm/job/kinds",
  summary: "List the command kinds with the schemas of their arguments",
  effect: "read",
  permission: "job:read",
  scope: "anywhere",
  input: Type.Object({}),
  output: Type.Object({
    kinds: Type.Array(
      Type.Object({
        kind: Type.String(),
        summary: Type.String(),
        permission: Type.String(),
        lane: Type.String(),
        onInterrupt: Type.String(),
        dangerous: Type.Boolean(),
        runTimeout: Type.Integer({ description: "Seconds it may run where nobody says otherwise" }),
        arguments: Type.Unknown({ description: "JSON Schema" }),
      }),
    ),
  }),
});

export type Command = Row<typeof command>;
export type Job = Row<typeof job>;

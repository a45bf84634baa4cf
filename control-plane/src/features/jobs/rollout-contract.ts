import { Type } from "@sinclair/typebox";
import { commandKinds, isCommandKind, type CommandKind } from "@edgemere/protocol";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { rowSchema } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";
import { rollout, rolloutTarget } from "./rollout-life-contract.ts";
import { rolloutSpec } from "./rollout-spec-contract.ts";
import { Arguments, Kind, Secrets } from "./rollout-words-contract.ts";

const Blocks = Type.Array(
  Type.Object({
    reason: Type.String(),
    text: Type.String(),
    devices: Type.Integer(),
    examples: Type.Array(Type.String(), { description: "Names of some of them" }),
  }),
);

const Plan = Type.Object({
  plan: Type.String({ description: "Id to apply" }),
  expiresAt: Type.Integer(),
  membership: Type.String({ description: "SHA-256 of who is picked and what is in the way, hex" }),
  targets: Type.Integer(),
  waves: Type.Array(Type.Integer(), { description: "Devices of each wave" }),
  effect: Type.String({ description: "What it does to a device: none, reload, restart, reboot or unknown" }),
  rollback: Type.Optional(
    Type.Object(
      { kind: Type.String(), effect: Type.String() },
      { description: "What would undo it, and what that does to a device" },
    ),
  ),
  bytes: Type.Integer({ description: "Bytes of arguments that are sent in all" }),
  isApprovalNeeded: Type.Boolean({ description: "A second person has to say yes" }),
  never: Blocks,
  notNow: Blocks,
  openings: Type.Array(
    Type.Object({
      zone: Type.String(),
      devices: Type.Integer(),
      next: Type.Array(Type.Object({ opensAt: Type.Integer(), closesAt: Type.Integer() })),
    }),
    { description: "The next ten times in which devices of a time zone may begin" },
  ),
  conflicts: Type.Array(Type.Object({ rollout: Type.String(), devices: Type.Integer() }), {
    description: "Rollouts that are not over and have devices in common with it",
  }),
});

export const planJob = action({
  path: "cpl/dm/job/plan",
  defaultable: [
    "waves",
    "rate",
    "atOnce",
    "abort",
    "budget",
    "windows",
    "timeZone",
    "retries",
    "queueTimeout",
    "runTimeout",
    "totalTimeout",
  ],
  summary: "Show which devices a rollout would touch and how, and what stands in the way; nothing is sent",
  description:
    "A plan is kept for an hour and carried out by cpl/dm/job/apply, which refuses when other devices match meanwhile, or something else stands in the way of one. A device is picked when it matches the selector and is named, where both are given.",
  secrets: ["secrets"],
  effect: "write",
  permission: "job:create",
  scope: "filtered",
  input: Type.Object({
    selector: Type.Optional(
      Type.String({ minLength: 1, maxLength: 2_048, description: 'Which devices: "site=berlin,role in (gw,edge)"' }),
    ),
    devices: Type.Optional(
      Type.Array(Ref("device", "A device: id or name"), { minItems: 1, maxItems: 500, description: "Just these" }),
    ),
    kind: Kind,
    arguments: Type.Optional(Arguments),
    secrets: Type.Optional(Secrets),
    mode: Type.Optional(
      Type.Union([Type.Literal("snapshot"), Type.Literal("continuous")], {
        default: "snapshot",
        description: "continuous: it goes on for devices that match later, until it is cancelled",
      }),
    ),
    ...rolloutSpec,
  }),
  output: Plan,
});
const RolloutRef = Ref("rollout", "Id of the rollout");
const begun = { effect: "write", permission: "job:create", scope: "anywhere", output: rowSchema(rollout) } as const;
const read = { effect: "read", permission: "job:read", scope: "anywhere" } as const;

/** The id of a plan begins with its kind, or that which undoes it where only that is dangerous: what is asked for shows before anybody looks it up. */
export const kindOfPlan = (id: string): CommandKind | undefined => {
  const kind = id.slice(0, id.lastIndexOf("."));
  return isCommandKind(kind) ? kind : undefined;
};

export const applyPlan = action({
  ...begun,
  danger: ({ plan }: { plan: string }) => {
    const kind = kindOfPlan(plan);
    return kind !== undefined && commandKinds[kind].dangerous ? `command:${kind}` : undefined;
  },
  path: "cpl/dm/job/apply",
  summary: "Carry a plan out; refused when the world has moved since, with what moved",
  input: Type.Object({ plan: Ref("rolloutplan", "Id of the plan") }),
});
export const findRollout = action({
  ...read,
  path: "cpl/dm/rollout/find",
  summary: "Show a rollout and how far its waves are",
  input: Type.Object({ rollout: RolloutRef }),
  output: rowSchema(rollout),
});
export const listRollouts = action({
  ...read,
  path: "cpl/dm/rollout/list",
  summary: "List rollouts, newest first; who may see some devices only sees their own",
  input: Type.Object({ ...statesInput(rollout), ...pageInput }),
  output: PageOf(rowSchema(rollout)),
});
export const listTargets = action({
  effect: "read",
  permission: "job:read",
  scope: "filtered",
  path: "cpl/dm/rollout/targets",
  summary: "List the devices of a rollout and why each is where it is",
  input: Type.Object({
    rollout: Type.String({ minLength: 1, maxLength: 256, description: "Id of the rollout" }),
    state: Type.Optional(
      Type.Union(
        rolloutTarget.life.states.map((each) => Type.Literal(each)),
        { description: "Only those in this state" },
      ),
    ),
    ...pageInput,
  }),
  output: PageOf(
    Type.Object({
      target: rowSchema(rolloutTarget),
      name: Type.String({ description: "Of the device" }),
      text: Type.String({ description: "The reason in words; empty where there is nothing to say" }),
    }),
  ),
});
export const pauseRollout = action({
  ...begun,
  path: "cpl/dm/rollout/pause",
  summary: "Let no more devices begin; what runs goes on",
  isAllowedWhenFull: true,
  input: Type.Object({ rollout: RolloutRef }),
});
export const resumeRollout = action({
  ...begun,
  path: "cpl/dm/rollout/resume",
  summary: "Go on with a rollout that is paused; where a wave or a comparison paused it, go on in spite of that",
  input: Type.Object({ rollout: RolloutRef }),
});
export const cancelRollout = action({
  ...begun,
  path: "cpl/dm/rollout/cancel",
  summary: "Stop a rollout: no more devices begin, what runs is stopped",
  isAllowedWhenFull: true,
  input: Type.Object({ rollout: RolloutRef }),
});
export const rollBackRollout = action({
  ...begun,
  path: "cpl/dm/rollout/rollback",
  summary: "Stop a rollout and undo it on every device that had begun, the newest wave first, by what its plan says",
  input: Type.Object({ rollout: RolloutRef }),
});
export const planUndo = action({
  ...begun,
  path: "cpl/dm/rollout/planundo",
  summary: "Show what undoing a rollout that has ended would touch, by what its plan says; nothing is sent",
  description:
    "The plan is carried out by cpl/dm/job/apply like every other one: with a fresh password and a second person where what undoes is dangerous, and refused when the world has moved since.",
  input: Type.Object({ rollout: RolloutRef }),
  output: Plan,
});
const decided = { effect: "write", permission: "job:approve", scope: "anywhere", output: rowSchema(rollout) } as const;
export const approveRollout = action({
  ...decided,
  danger: () => "job:approve",
  path: "cpl/dm/rollout/approve",
  summary: "Say as a second person that a rollout may begin",
  input: Type.Object({ rollout: RolloutRef }),
});
export const refuseRollout = action({
  ...decided,
  path: "cpl/dm/rollout/refuse",
  summary: "Say as a second person that a rollout may not begin",
  isAllowedWhenFull: true,
  input: Type.Object({
    rollout: RolloutRef,
    reason: Type.Optional(Type.String({ maxLength: 1_024, description: "Why" })),
  }),
});
export const explainJob = action({
  path: "cpl/dm/job/explain",
  summary: "Say why a device is where it is in a job or a rollout, and when that could change",
  effect: "read",
  permission: "job:read",
  scope: "referenced",
  input: Type.Object({
    device: Ref("device", "The device: id or name"),
    job: Type.String({ minLength: 1, maxLength: 256, description: "Id of the job or of the rollout" }),
  }),
  output: Type.Object({
    device: Type.String(),
    job: Type.String(),
    reason: Type.String({ description: "The first thing that blocks, in a stable word" }),
    text: Type.String(),
    detail: Type.String(),
    until: Type.Optional(Type.Integer({ description: "When it could change; absent where nobody knows" })),
    looks: Type.Array(
      Type.Object({
        reason: Type.String(),
        isBlocking: Type.Boolean(),
        until: Type.Optional(Type.Integer()),
      }),
      { description: "All that was looked at, in order" },
    ),
  }),
});

import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { resource, type Row } from "../../platform/resource.ts";
import { rolloutSpec } from "./rollout-spec-contract.ts";
import { Arguments, blockReasons, Kind, type BlockReason } from "./rollout-words-contract.ts";

const Reason = Type.Union((Object.keys(blockReasons) as BlockReason[]).map((each) => Type.Literal(each)));
const Count = Type.Integer({ minimum: 0 });
const Instant = Type.Integer({ description: "Milliseconds since 1970 UTC" });
const Grants = Type.Object({
  permissions: Type.Array(Type.String()),
  limited: Type.Array(Type.Object({ permission: Type.String(), selectors: Type.Array(Type.String()) })),
});

/** What a comparison with untouched devices said, and the numbers that it follows from. Changes are in per cent of the value before, of alerts in points of a hundred devices. */
export const Verdict = Type.Object({
  verdict: Type.Union(["continue", "hold", "rollback"].map((each) => Type.Literal(each))),
  at: Instant,
  /** How often it was looked at in this wave. */
  look: Count,
  comparisons: Type.Array(
    Type.Object({
      measure: Type.Union([Type.Literal("metric"), Type.Literal("alerts")]),
      stratum: Type.String({ description: "Empty: all devices" }),
      treated: Count,
      control: Count,
      /** Difference in differences, for the worse: positive is worse. */
      change: Type.Number(),
      low: Type.Number({ description: "The least that it can be, at the confidence asked for" }),
      high: Type.Number({ description: "The most" }),
    }),
  ),
});

const WaveState = Type.Object({
  targets: Count,
  active: Count,
  succeeded: Count,
  failed: Count,
  skipped: Count,
  cancelled: Count,
  openedAt: Type.Optional(Instant),
  /** When enough had succeeded. */
  passedAt: Type.Optional(Instant),
  /** Somebody said that the next wave may begin all the same. */
  isWaived: Type.Optional(Type.Boolean()),
  canary: Type.Optional(Verdict),
});

const asked = {
  kind: Kind,
  arguments: Arguments,
  selector: Type.Optional(Type.String()),
  /** continuous: whoever matches later joins the last wave. */
  mode: Type.Union([Type.Literal("snapshot"), Type.Literal("continuous")]),
  spec: Type.Object(rolloutSpec),
  author: Type.String(),
  account: Type.Optional(Type.String()),
  /** The names of its secrets, which lie elsewhere. What undoes it gets none. */
  secretNames: Type.Optional(Type.Array(Type.String())),
  /** What its author might do when asking: it may never reach further. */
  grants: Grants,
};

/** Who is touched and how, as it was when somebody looked. Only a plan can be carried out. */
export const rolloutPlan = resource({
  name: "rolloutplan",
  summary: "Which devices a rollout would touch and how",
  shape: Type.Object({
    ...asked,
    devices: Type.Optional(Type.Array(Type.String())),
    /** Which rollout that has ended it undoes: on the devices that had begun. */
    undoes: Type.Optional(Type.String()),
    /** SHA-256 over the devices in their order, and what stands in the way of each; hex. */
    membership: Type.String(),
    targets: Count,
    /** Parts that its members are kept in. */
    parts: Count,
    expiresAt: Instant,
  }),
  life: machine("plan", "open", { open: { apply: "applied" }, applied: {} }),
  indexes: { expires: ({ expiresAt, id }) => [[expiresAt, id]] },
});

/** Asks many devices for the same, wave by wave. */
export const rollout = resource({
  name: "rollout",
  summary: "The same command for many devices, wave by wave",
  shape: Type.Object({
    ...asked,
    plan: Type.String(),
    /** How many parts of the plan are written down as targets. */
    written: Count,
    endsAt: Instant,
    /** One more than the wave that began last. */
    opened: Count,
    waves: Type.Array(WaveState),
    /** How often devices failed for good, by cause. */
    failures: Type.Record(Type.String(), Count),
    /** Devices that may begin by the rate, and when that was worked out. */
    pace: Type.Object({ at: Instant, allowance: Type.Number() }),
    /** Of a continuous one: how far it looked for devices that match meanwhile, and when it looks again. */
    sweep: Type.Object({ cursor: Type.Optional(Type.String()), at: Instant }),
    isApprovalNeeded: Type.Boolean(),
    decision: Type.Optional(
      Type.Object({ by: Type.String(), at: Instant, isApproved: Type.Boolean(), reason: Type.String() }),
    ),
    /** Why it is paused; empty when it is not. */
    pausedBy: Type.Union([Type.Literal(""), Reason]),
    /** Why it ends before its time. Of what somebody cancels, commands that run are cancelled too. */
    stop: Type.Optional(
      Type.Object({
        reason: Type.Union(
          ["cancelled", "refused", "not-approved", "abort-rule", "canary", "total-timeout", "rolled-back"].map((each) =>
            Type.Literal(each),
          ),
        ),
        detail: Type.String(),
        by: Type.String(),
        at: Instant,
        /** Whether those that had not begun, and where somebody cancelled it those that had, were told. */
        isCarriedOut: Type.Boolean(),
      }),
    ),
    /** Which rollout undoes it, and how far that was told of the devices that had begun: after `cursor` in `wave`; -1 when all were. */
    undoneBy: Type.Optional(
      Type.Object({ rollout: Type.String(), wave: Type.Integer(), cursor: Type.Optional(Type.String()) }),
    ),
    /** Which rollout it undoes, and whether it knows of all devices: until then it does not end. */
    undoes: Type.Optional(Type.Object({ rollout: Type.String(), isComplete: Type.Boolean() })),
  }),
  life: machine("rollout", "planned", {
    planned: { ask: "approving", begin: "running", stop: "stopped" },
    approving: { approve: "running", stop: "stopped" },
    running: { pause: "paused", stop: "stopped", succeed: "succeeded", partly: "partial", fail: "failed" },
    paused: { resume: "running", stop: "stopped" },
    stopped: { undo: "rollingback", succeed: "succeeded", partly: "partial", fail: "failed", cancel: "cancelled" },
    rollingback: { restore: "rolledback", giveup: "rollbackfailed" },
    rolledback: {},
    rollbackfailed: { undo: "rollingback" },
    succeeded: { undo: "rollingback" },
    partial: { undo: "rollingback" },
    failed: { undo: "rollingback" },
    cancelled: { undo: "rollingback" },
  }),
  indexes: {
    open: ({ state, id }) => (isEnded(state) ? [] : [[id]]),
    over: ({ state, updatedAt }) => (isEnded(state) ? [[updatedAt]] : []),
    author: ({ account, author, id }) => [[account ?? author, id]],
  },
});

/** One device of a rollout. */
export const rolloutTarget = resource({
  name: "rollouttarget",
  summary: "How far a rollout is with one device",
  shape: Type.Object({
    rollout: Type.String(),
    device: Type.String(),
    wave: Count,
    /** The device's value of the label that the disruption budget speaks of. */
    place: Type.String(),
    /** With whom it is compared. */
    stratum: Type.String(),
    /** Tries that failed, by cause. */
    tries: Type.Record(Type.String(), Count),
    /** Not looked at before. */
    notBefore: Instant,
    /** Why it waits; what it failed of, when it is over. */
    reason: Type.String(),
    detail: Type.String(),
    waitingSince: Type.Optional(Instant),
    /** The newest job that was made for it. */
    job: Type.Optional(Type.String()),
    beganAt: Type.Optional(Instant),
    endedAt: Type.Optional(Instant),
  }),
  life: machine("target", "queued", {
    queued: { wait: "waiting", begin: "active", skip: "skipped", cancel: "cancelled" },
    waiting: { wait: "waiting", begin: "active", skip: "skipped", cancel: "cancelled" },
    active: { retry: "waiting", succeed: "succeeded", fail: "failed", cancel: "cancelled" },
    succeeded: {},
    failed: {},
    skipped: {},
    cancelled: {},
  }),
  belongsTo: ({ device }) => [device],
  indexes: {
    rollout: ({ rollout, device }) => [[rollout, device]],
    state: ({ rollout, state, device }) => [[rollout, state, device]],
    wave: ({ rollout, wave, state, device }) => [[rollout, wave, state, device]],
    ready: ({ rollout, wave, state, notBefore, id }) =>
      state === "queued" || state === "waiting" ? [[rollout, wave, notBefore, id]] : [],
    /** Of those that are under way or failed, for the budget of their place. */
    disturbed: ({ rollout, place, state, id }) =>
      state === "active" || state === "failed" ? [[rollout, place, id]] : [],
    device: ({ state, device, id }) => (isTargetEnded(state) ? [] : [[device, state, id]]),
    offline: ({ state, reason, device, id }) =>
      state === "waiting" && reason === "device-offline" ? [[device, id]] : [],
  },
});

const isTargetEnded = (state: string): boolean => !["queued", "waiting", "active"].includes(state);
/** Whether it does nothing more by itself; a plan may undo it all the same. */
export const isEnded = (state: string): boolean =>
  ["succeeded", "partial", "failed", "cancelled", "rolledback", "rollbackfailed"].includes(state);

export type Rollout = Row<typeof rollout>;
export type RolloutTarget = Row<typeof rolloutTarget>;
export type RolloutPlan = Row<typeof rolloutPlan>;
export type WaveProgress = Rollout["waves"][number];

import type { CommandState } from "@edgemere/protocol";
import type { Device } from "../devices/contract.ts";
import type { WindowState } from "./maintenance-window.ts";
import type { Step } from "./rollout-gate.ts";
import type { Rollout, RolloutTarget } from "./rollout-life-contract.ts";
import type { BlockReason } from "./rollout-words-contract.ts";

/** Everything that decides whether a device begins. */
export interface Facts {
  readonly now: number;
  readonly rollout: Pick<Rollout, "state" | "pausedBy" | "opened" | "stop">;
  readonly step: Step;
  readonly isAuthorActive: boolean;
  readonly target: Pick<RolloutTarget, "state" | "wave" | "notBefore" | "reason" | "detail"> | undefined;
  /** How far the rollout that undoes this one is with the device; coming: it does not know of it yet. */
  readonly undone?: RolloutTarget["state"] | "coming" | undefined;
  readonly command: { readonly state: CommandState; readonly expiresAt: number } | undefined;
  readonly device: Pick<Device, "state" | "presence" | "speaks">;
  /** False where a continuous rollout picks it no more. */
  readonly isSelected: boolean;
  readonly isWithinScope: boolean;
  /** What policies say of asking the device this. */
  readonly policy: "admits" | "refuses" | "wants-approval";
  readonly isKindKnown: boolean;
  /** Why its secrets cannot go with it. */
  readonly secretless?: "no-sealing-key" | "secrets-gone" | undefined;
  readonly boxedUntil: number;
  /** Another rollout that has this device under way. */
  readonly busyWith: string | undefined;
  readonly isQueueFull: boolean;
  /** Undefined: it may begin at any time. */
  readonly window: WindowState | "unknown-zone" | undefined;
  /** Of its place, itself not counted; undefined: without a budget. */
  readonly unavailable: { readonly count: number; readonly most: number } | undefined;
  readonly atOnce: { readonly count: number; readonly most: number };
  /** When the rate lets the next one begin. */
  readonly turnAt: number;
  /** When the author may ask for dangerous commands again. */
  readonly cappedUntil: number;
}

/** One thing that was looked at: whether it lets the device begin, and if not, when that may change. */
export interface Look {
  readonly reason: BlockReason;
  readonly isBlocking: boolean;
  /** Milliseconds since 1970; absent where it is not known. */
  readonly until?: number;
}

/** All that was looked at, in order. The first that blocks is why nothing happens; where nothing does, the device begins. */
export function looksAt(facts: Facts): readonly Look[] {
  const { now, rollout, target, command, device } = facts;
  const look = (reason: BlockReason, isBlocking: boolean, until?: number): Look =>
    isBlocking && until !== undefined && Number.isFinite(until)
      ? { reason, isBlocking, until }
      : { reason, isBlocking };
  if (target === undefined)
    return rollout.state === "planned" ? [look("rollout-planned", true)] : [look("not-selected", true)];
  const { state } = target;
  if (state === "active") return [look(underWay(command?.state), true, command?.expiresAt)];
  if (state !== "queued" && state !== "waiting") {
    const { undone } = facts;
    const isOpen = undone === "coming" || undone === "queued" || undone === "waiting" || undone === "active";
    return [
      look("rolled-back", undone === "succeeded"),
      look("rolling-back", isOpen),
      look("rollback-failed", undone === "failed" || undone === "skipped" || undone === "cancelled"),
      look(`target-${state}`, true),
    ];
  }
  const { step, unavailable, atOnce, window } = facts;
  const isTooEarly = target.wave >= rollout.opened;
  const why = step.do === "go on" ? step.why : undefined;
  const until = step.do === "go on" ? step.until : undefined;
  const isPausing = target.reason === "retry-pause" && target.notBefore > now;
  return [
    look("rollout-planned", rollout.state === "planned"),
    look("approval-pending", rollout.state === "approving"),
    look("rollout-stopped", rollout.stop !== undefined),
    ...(["paused-by-person", "paused-by-threshold", "paused-by-canary"] as const).map((reason) =>
      look(reason, rollout.state === "paused" && rollout.pausedBy === reason),
    ),
    look("author-locked", !facts.isAuthorActive),
    look("device-retired", device.state === "retired"),
    look("left-selection", !facts.isSelected),
    look("outside-scope", !facts.isWithinScope),
    look("takes-no-commands", device.speaks === "sparkplug"),
    look("kind-unsupported", !facts.isKindKnown),
    ...(["no-sealing-key", "secrets-gone"] as const).map((reason) => look(reason, facts.secretless === reason)),
    look("policy-refuses", facts.policy === "refuses"),
    look("policy-wants-approval", facts.policy === "wants-approval"),
    look("wave-soaking", isTooEarly && why === "soaking", until),
    look("canary-holding", isTooEarly && why === "holding", until),
    look("wave-not-reached", isTooEarly),
    look("retry-pause", isPausing, target.notBefore),
    look("penalty-box", facts.boxedUntil > now, facts.boxedUntil),
    look("device-pending", device.state === "pending"),
    look("device-quarantined", device.state === "quarantined"),
    look("busy-elsewhere", facts.busyWith !== undefined),
    look("queue-full", facts.isQueueFull),
    look("time-zone-unknown", window === "unknown-zone"),
    look("window-closed", isClosed(window), isClosed(window) ? window.opensAt : undefined),
    look("device-offline", device.presence === "offline" || device.presence === "silent"),
    look("disruption-budget", unavailable !== undefined && unavailable.count >= unavailable.most),
    look("too-many-at-once", atOnce.count >= atOnce.most),
    look("rate-limit", facts.turnAt > now, facts.turnAt),
    look("dangerous-cap", facts.cappedUntil > now, facts.cappedUntil),
  ];
}

/** Why a device does not begin; undefined when it does. */
export const blockOf = (facts: Facts): Look | undefined => looksAt(facts).find(({ isBlocking }) => isBlocking);

/** What makes it certain that a device never begins: it is left out at once. */
export const isHopeless = (reason: BlockReason): boolean =>
  [
    "device-retired",
    "left-selection",
    "outside-scope",
    "takes-no-commands",
    "kind-unsupported",
    "no-sealing-key",
    "secrets-gone",
  ].includes(reason);

/** What holds for every device alike: it is not worth looking at the next one. */
export const isOfAll = (reason: BlockReason): boolean =>
  ["too-many-at-once", "rate-limit", "dangerous-cap", "author-locked"].includes(reason);

const isClosed = (window: Facts["window"]): window is Extract<WindowState, { isOpen: false }> =>
  typeof window === "object" && !window.isOpen;

function underWay(state: CommandState | undefined): BlockReason {
  if (state === "offered" || state === "journaled" || state === "running") return `command-${state}`;
  return "command-queued";
}

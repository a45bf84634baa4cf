import { Type } from "@sinclair/typebox";
import { commandKinds, type CommandKind } from "@edgemere/protocol";

/** What to do; `cpl/dm/job/kinds` tells what each takes. */
export const Kind = Type.Union(
  (Object.keys(commandKinds) as CommandKind[]).map((kind) => Type.Literal(kind)),
  { description: "What to do; see cpl/dm/job/kinds" },
);
export const Arguments = Type.Record(Type.String(), Type.Unknown(), {
  description: "Arguments of the kind; see cpl/dm/job/kinds",
});

export const Secrets = Type.Record(
  Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }),
  Type.String({ maxLength: 8_192 }),
  {
    additionalProperties: false,
    maxProperties: 64,
    description: "Environment variables of the program that only the device can read: kept and sent sealed for it",
  },
);

/** Why a device's try failed: whose fault it is decides whether, when and how often it is tried again. */
export const causes = [
  "device",
  "artifact",
  "server",
  "network",
  "cancelled",
  "superseded",
  "window-closed",
  "precondition",
] as const;
export type Cause = (typeof causes)[number];

export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** Why nothing happens with a device of a job: a closed list, in the order in which it is looked at. */
export const blockReasons = {
  "not-selected": "the device is not among those that were picked",
  "rollout-planned": "the rollout is still writing down its devices",
  "approval-pending": "a second person has to say yes first",
  "rolled-back": "what it was asked was undone",
  "rolling-back": "what it was asked is being undone",
  "rollback-failed": "what it was asked could not be undone",
  "target-succeeded": "it is done",
  "target-failed": "it failed, and is not tried again",
  "target-skipped": "it was left out: it could not begin in time, or at all",
  "target-cancelled": "the rollout ended before its turn, or somebody cancelled it",
  "command-queued": "the device was not sent the command yet",
  "command-offered": "the device was sent the command and did not take it yet",
  "command-journaled": "the device has the command, and others of the same lane come first",
  "command-running": "the device is at it",
  "rollout-stopped": "the rollout was stopped",
  "paused-by-person": "somebody paused the rollout",
  "paused-by-threshold": "too few devices of the wave succeeded",
  "paused-by-canary": "the comparison with untouched devices came to no end",
  "author-locked": "the account of who asked for it is locked",
  "device-retired": "the device is retired",
  "left-selection": "the device does not match the selector any more",
  "outside-scope": "who asked for it may not ask this device any more",
  "takes-no-commands": "the device speaks a protocol without commands",
  "kind-unsupported": "the device's agent does not know this kind of command, or that which undoes it",
  "no-sealing-key": "the device was enrolled before secrets could be sealed for it; enrol it again with a newer agent",
  "secrets-gone": "its secrets cannot be read any more, as after a restore elsewhere; plan it anew",
  "policy-refuses": "a policy refuses it; edgemere policy decide --action cpl/dm/job/create tells which",
  "policy-wants-approval": "a policy wants a second person to say yes, and none was asked: plan it anew",
  "wave-not-reached": "an earlier wave is not through",
  "wave-soaking": "the wave before succeeded, and is watched for a while",
  "canary-holding": "the changed devices are compared with untouched ones, and it is not clear yet",
  "retry-pause": "it failed, and is tried again after a pause",
  "penalty-box": "the device failed again and again, and is left alone for a while",
  "device-pending": "the device is not admitted yet",
  "device-quarantined": "the device is in quarantine",
  "busy-elsewhere": "another rollout is at it with this device",
  "queue-full": "the device has as many open commands as it may have",
  "time-zone-unknown": "it may begin in a window only, and the device's time zone is not known",
  "window-closed": "it may begin in a window only, and none is open",
  "device-offline": "the device is not online",
  "disruption-budget": "too many devices of the same place are under way, failed or not online",
  "too-many-at-once": "as many devices are under way as may be",
  "rate-limit": "devices begin one after another, and its turn is later",
  "dangerous-cap": "who asked for it has asked for as many dangerous commands as one may for now",
  "turn-comes": "nothing: it begins at the next look",
} as const;
export type BlockReason = keyof typeof blockReasons;

/** Seconds. */
export const timeSpan = ({ least, most }: { readonly least: number; readonly most: number }, description: string) =>
  Type.Integer({ minimum: least, maximum: most, description });

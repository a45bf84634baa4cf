import type { Reason } from "@edgemere/protocol";
import type { HostError } from "../host/host.ts";

const reasons = {
  "not-found": "not-found",
  "not-allowed": "not-permitted",
  "no-room": "no-space",
  busy: "busy",
  failed: "failed",
} as const satisfies Record<HostError["reason"], Reason>;

/** Why a command fails that the host refused. */
export const reasonOf = ({ reason }: Pick<HostError, "reason">): Reason => reasons[reason];

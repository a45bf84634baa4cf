import { limits } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import type { SessionNews } from "../../platform/feature.ts";
import type { Device } from "./contract.ts";

/** After a will, how long a device may take to come back before it counts as offline. */
export const RECHECK_AFTER = 5 * SECOND;
/** After a start of the control plane, how long devices may take to come back: 1.5 × the longest keepalive. */
export const RETURN_WITHIN = 1.5 * limits.keepalive;

/** What news of a session mean for the device's presence; undefined when they are late or change nothing. */
export function presenceAfter(device: Device, news: SessionNews): Device["presence"] | undefined {
  if (device.state === "retired") return undefined;
  if (news.kind === "opened") return "online";
  if (news.epoch < device.sessionEpoch || device.presence === "offline") return undefined;
  return news.reason === "stopped" ? "offline" : "silent";
}

/** Whether a device without a session has been away long enough to be called offline. */
export function isGone(
  device: Device,
  { now, hasSession, startedAt }: { now: number; hasSession: boolean; startedAt: number },
): boolean {
  if (hasSession || device.presence === "offline") return false;
  if (device.presence === "silent") return now - device.presenceAt >= RECHECK_AFTER;
  return now - Math.max(device.presenceAt, startedAt) >= RETURN_WITHIN;
}

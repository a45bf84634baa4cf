import type { Device } from "../devices/contract.ts";

type Seen = Pick<Device, "state" | "presence" | "presenceAt" | "conditions" | "alert">;

/**
 * Whether a device's own row tells of something wrong that began at an instant or later. Of quarantine and of conditions it does not tell when they
 * began: a device in quarantine begins with nothing, and conditions that were there before are as frequent among those it is compared with.
 */
export function isInTrouble({ state, presence, presenceAt, conditions = [], alert }: Seen, since: number): boolean {
  const wentDark = presence !== "online" && presenceAt >= since;
  return state === "quarantined" || wentDark || conditions.length > 0 || (alert !== undefined && alert.at >= since);
}

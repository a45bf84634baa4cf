import type { Data, DataSource } from "../data-catalogue/contract.ts";
import type { PlacementAnswer, PlacementPolicy } from "./placement-contract.ts";

/** What holds where nobody wrote a policy: what lies in the right place stays there, and anything else is done as it was asked for. */
export const declaredPolicy: PlacementPolicy =
  async () =>
  ({ target, use }) =>
    target === undefined
      ? { decision: "leave", reason: "it can be used where it lies" }
      : { decision: use, reason: `it is wanted there: ${use}` };

/** Why an answer leads to nothing here; undefined when it can be carried out. */
export function hindrance(
  { decision, reason }: PlacementAnswer,
  data: Pick<Data, "access">,
  target: DataSource | undefined,
): string | undefined {
  if (decision === "refuse") return reason;
  if (decision === "move" && data.access !== "read-write")
    return "it cannot be moved: nothing may be taken away where it lies";
  if (decision === "mount" && target !== undefined && target.mountFolder === undefined)
    return `it cannot be mounted in "${target.name}": its device names no mount-folder, or has no /dev/fuse, rclone and fusermount3`;
  if (target === undefined) return decision === "leave" ? undefined : `the policy would ${decision} it: ${reason}`;
  return decision === "leave" ? `the policy leaves it where it lies: ${reason}` : undefined;
}

import type { Data, DataSource } from "./contract.ts";

/** Whether what lies in a source can be used now. */
export const isReachable = (source: DataSource, holder: { state: string; presence: string } | undefined): boolean =>
  source.state === "ready" &&
  (source.device === "" || (holder !== undefined && holder.state !== "retired" && holder.presence !== "offline"));

/** What must happen to a piece of data; undefined when it is as it should be. `isNamed` is undefined where no report can tell. */
export function dueSignal(
  { state }: Pick<Data, "state">,
  { isReachable, isNamed }: { isReachable: boolean; isNamed: boolean | undefined },
): "lose" | "recover" | "remove" | undefined {
  if (isNamed === false) return state === "removed" ? undefined : "remove";
  if (state === "removed") return isNamed && isReachable ? "recover" : undefined;
  if (state === "available") return isReachable ? undefined : "lose";
  return isReachable ? "recover" : undefined;
}

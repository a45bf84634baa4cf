import type { Data } from "../data-catalogue/contract.ts";
import type { DataInstance } from "./contract.ts";

/** What must happen to an instance that is used where its data lies; undefined when it is as it should be. */
export function dueSignal(
  { state, hash }: Pick<DataInstance, "state" | "hash">,
  data: Pick<Data, "state" | "hash"> | undefined,
): "age" | "lose" | "place" | undefined {
  if (state === "removed" || state === "placing") return undefined;
  if (data?.state !== "available") return state === "lost" ? undefined : "lose";
  if (data.hash === hash) return state === "ready" ? undefined : "place";
  return state === "stale" ? undefined : "age";
}

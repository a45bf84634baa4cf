import type { Data } from "../data-catalogue/contract.ts";
import type { DataInstance } from "./contract.ts";

type Seen = Pick<Data, "state" | "hash"> | undefined;

/** What is said of an instance whose device, and with it its data, cannot be reached now. */
export const AWAY = "it cannot be reached now";
export const DAMAGED = "what stands there is not what was put there";

/** Whether what had this content once is there with another one. What is gone has not changed. */
export const hasChanged = (origin: Seen, hash: string): boolean =>
  origin !== undefined && origin.state !== "removed" && origin.hash !== hash;

/** What became of an instance; without a signal it is in the right state, and only the cause is another. */
export interface Due {
  readonly signal?: "age" | "lose" | "place";
  readonly cause: string;
}

/**
 * What must happen to an instance, by what its place holds and by what it was made of; undefined when it is as it should be.
 * What was brought somewhere and is other content now is damaged; what is used where it lies has only changed.
 */
export function due(
  { state, hash, decision, cause }: Pick<DataInstance, "state" | "hash" | "decision" | "cause">,
  held: Seen,
  origin: Seen,
): Due | undefined {
  if (state === "removed" || state === "placing") return undefined;
  const wanted = wantedFor({ hash, decision }, held, origin);
  const isSo = { place: state === "ready", lose: state === "lost", age: state === "stale" }[wanted.signal];
  if (!isSo) return wanted;
  return wanted.cause === cause ? undefined : { cause: wanted.cause };
}

function wantedFor(
  { hash, decision }: Pick<DataInstance, "hash" | "decision">,
  held: Seen,
  origin: Seen,
): Required<Due> {
  if (held?.state === "unavailable") return { signal: "lose", cause: AWAY };
  if (held?.state !== "available") return { signal: "lose", cause: "what stood there is gone" };
  if (held.hash !== hash)
    return decision === "leave" ? { signal: "age", cause: "it has changed" } : { signal: "lose", cause: DAMAGED };
  // What was moved is the data itself.
  if (decision !== "move" && hasChanged(origin, hash))
    return { signal: "age", cause: "what it is a copy of has changed" };
  return { signal: "place", cause: "" };
}

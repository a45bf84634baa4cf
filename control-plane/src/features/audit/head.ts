import { MINUTE } from "@edgemere/protocol/kit";
import type { ChainPlace } from "../../platform/audit.ts";
import type { AuditHead } from "../../platform/audit-heads.ts";

const MOST_ENTRIES = 1_000;

interface State {
  /** Where the log stands. */
  readonly place: ChainPlace;
  /** The newest head; undefined before the first. */
  readonly last: AuditHead | undefined;
  readonly now: number;
  readonly generation: number;
}

/** Each minute in which something was written down, each thousand entries, and when a life begins. */
export function isHeadDue({ place, last, now, generation }: State): boolean {
  if (last === undefined) return place.number > 0;
  const entries = place.number - last.number;
  if (entries >= MOST_ENTRIES || last.generation !== generation) return true;
  // A clock that was set back must not hold heads back.
  return entries > 0 && (now - last.at >= MINUTE || now < last.at);
}

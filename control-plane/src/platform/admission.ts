import type { AnyAction } from "./action.ts";
import type { Caller } from "./caller.ts";
import type { Problem } from "./problem.ts";
import type { AnyResource, Row } from "./resource.ts";

/** What somebody is about to do: they have the permission, and nothing has happened yet. */
export interface Asked {
  readonly action: AnyAction;
  readonly input: object;
  readonly caller: Pick<Caller, "actor" | "account" | "via">;
  /** What it is done to. Absent: the devices that its input names or picks. */
  readonly devices?: readonly Row<AnyResource>[];
}

/** What is said of it. */
export interface Admitted {
  /** Why it may not be done; absent where it may. */
  readonly refusal?: Problem;
  /** What holds of its input where whoever asks says nothing. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Whether a second person has to say yes first. */
  readonly isApprovalNeeded: boolean;
}

/** Says whether an action may be done now: asked once for each, by dispatch, and by whoever does to further devices what was asked for before. */
export type Admit = (asked: Asked) => Promise<Admitted>;

/** What is said where nobody has a say. */
export const asAsked: Admitted = { defaults: {}, isApprovalNeeded: false };

/** The field by which an action waits for a second person; one that has none cannot. */
export const WAITING = "isApprovalNeeded";

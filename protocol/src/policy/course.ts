import type { SignalOf, StateOf } from "../kit/index.ts";
import { alertLife } from "./life.ts";
import type { Verdict } from "./words.ts";

/** What of an alert decides how it goes on. */
export interface Standing {
  readonly state: StateOf<typeof alertLife>;
  readonly since: number;
  readonly firedAt?: number;
  readonly clearedAt?: number;
  readonly dueAt?: number;
}

/** What is the case now. Instants and times in milliseconds. */
export interface Situation {
  readonly now: number;
  /** Gone: the policy does not watch the device any more. */
  readonly verdict: Verdict | "gone";
  readonly for: number;
  readonly keepFiringFor: number;
  /** When the lack of data counts; undefined where it never does. */
  readonly missingAt?: number | undefined;
  /** Why the condition is no surprise now, and when to look again. */
  readonly quiet?: { readonly reason: string; readonly until: number } | undefined;
  /** When time alone may have changed what the condition says; undefined where it does not. */
  readonly lookAgainAt?: number | undefined;
}

/** What becomes of an alert. */
export type Next =
  /** As it is; it is looked at again then. */
  | { readonly do: "stay"; readonly dueAt?: number | undefined }
  /** It was never told of: it goes without a word. */
  | { readonly do: "drop" }
  | {
      readonly do: "move";
      readonly signal: SignalOf<typeof alertLife>;
      readonly since: number;
      readonly clearedAt?: number;
      readonly dueAt?: number | undefined;
    };

/** How an alert goes on: a function of how it stands and of what is the case, and of nothing else. Undefined: there is none, or it is over. */
export function nextOf(standing: Standing | undefined, situation: Situation): Next {
  const open = standing?.state === "resolved" ? undefined : standing;
  const { verdict } = situation;
  if (verdict === "met") return held(open, situation);
  if (verdict === "unknown") return unknown(open, situation);
  return open === undefined ? { do: "stay" } : ceased(open, situation);
}

/** The condition holds. */
function held(open: Standing | undefined, { now, quiet, for: wait, lookAgainAt }: Situation): Next {
  // Without data nobody knew since when it holds.
  const since = open === undefined || open.state === "nodata" ? now : open.since;
  if (quiet !== undefined) {
    const dueAt = quiet.until;
    return open?.state === "maintenance" ? { do: "stay", dueAt } : { do: "move", signal: "suspend", since, dueAt };
  }
  if (open?.state === "firing") return { do: "stay", dueAt: later(open.dueAt, now) ?? lookAgainAt };
  if (open?.state === "recovering" || now >= since + wait)
    return { do: "move", signal: "fire", since, dueAt: lookAgainAt };
  const dueAt = since + wait;
  return open?.state === "pending" ? { do: "stay", dueAt } : { do: "move", signal: "wait", since, dueAt };
}

/** The condition does not hold. */
function ceased(open: Standing, { verdict, now, keepFiringFor }: Situation): Next {
  const { state, since, firedAt, clearedAt = now } = open;
  if (firedAt === undefined && state !== "nodata") return { do: "drop" };
  const dueAt = clearedAt + keepFiringFor;
  const isKept = verdict !== "gone" && (state === "firing" || state === "recovering");
  if (!isKept || now >= dueAt) return { do: "move", signal: "resolve", since };
  return state === "recovering" ? { do: "stay", dueAt } : { do: "move", signal: "recover", since, clearedAt, dueAt };
}

/** Nobody can tell: it stays as it is, until that has lasted too long. */
function unknown(open: Standing | undefined, { now, missingAt, quiet, lookAgainAt }: Situation): Next {
  if (missingAt !== undefined && now >= missingAt && open?.state !== "nodata" && quiet === undefined)
    return { do: "move", signal: "starve", since: now };
  if (open?.state === "firing") return { do: "stay", dueAt: later(open.dueAt, now) ?? lookAgainAt };
  return { do: "stay", dueAt: open && (later(open.dueAt, now) ?? quiet?.until) };
}

/** An instant that is still to come. */
const later = (instant: number | undefined, now: number): number | undefined =>
  instant !== undefined && instant > now ? instant : undefined;

/** How an alert stands after a decision; undefined: there is none. */
export function standingAfter(before: Standing | undefined, next: Next, now: number): Standing | undefined {
  if (next.do === "drop") return undefined;
  if (next.do === "stay") return before && dated(before, next.dueAt);
  const { signal, since, clearedAt, dueAt } = next;
  const state = alertLife.next(before?.state ?? "resolved", signal);
  const firedAt = before?.state === "resolved" ? undefined : before?.firedAt;
  const isFired = firedAt !== undefined || state === "firing";
  return dated(
    { state, since, ...(isFired && { firedAt: firedAt ?? now }), ...(clearedAt !== undefined && { clearedAt }) },
    dueAt,
  );
}

const dated = (standing: Standing, dueAt: number | undefined): Standing => {
  const { dueAt: _, ...rest } = standing;
  return { ...rest, ...(dueAt !== undefined && { dueAt }) };
};

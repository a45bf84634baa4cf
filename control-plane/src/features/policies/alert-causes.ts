import type { OutputOf } from "../../platform/action.ts";
import type { Cause } from "../../platform/explanation.ts";
import type { Alert } from "./alert-contract.ts";
import type { Policy } from "./contract.ts";
import type { Done } from "./effect-contract.ts";
import type { explainGroup } from "./group-contract.ts";
import type { explainPolicy } from "./looking-contract.ts";

export type Looking = OutputOf<typeof explainPolicy> | OutputOf<typeof explainGroup>;

/** Why an alert is as it is: first what keeps it there, then what its condition says now, then who looks after it and what was done. */
export function causesOf(
  row: Alert,
  policy: Policy | undefined,
  looking: Looking | undefined,
): readonly [Cause, ...Cause[]] {
  const { acknowledgedBy, done = [] } = row;
  return [
    standingOf(row, policy, looking),
    ...(looking === undefined ? [] : [{ text: looking.answer }]),
    ...(acknowledgedBy === undefined ? [] : [{ text: `${acknowledgedBy} looks after it` }]),
    ...done.map((each) => ({ text: doneWords(each), at: each.at })),
  ];
}

function doneWords({ what, made, ended, problem }: Done): string {
  const named = made === undefined ? what : `${what} (${made})`;
  if (ended !== undefined)
    return `its device did this: ${named}; it ${ended}${problem === undefined ? "" : `: ${problem}`}`;
  return problem === undefined
    ? `for it was asked: ${named}`
    : `for it should have been asked: ${what}, but ${problem}`;
}

function standingOf(row: Alert, policy: Policy | undefined, looking: Looking | undefined): Cause {
  const { state, since, clearedAt, endedAt, dueAt, reason, looked } = row;
  const due = dueAt !== undefined && { until: dueAt };
  if (state === "resolved") return { text: `it is over: ${whyOver(row, policy, looking)}`, at: endedAt ?? since };
  if (state === "firing")
    return { text: `it fires: its condition held when ${wordsOf(looked)}`, at: row.firedAt ?? since };
  if (state === "pending")
    return {
      text: `its condition holds, and not yet for the ${policy?.for ?? 0} seconds after which it counts: ${wordsOf(looked)}`,
      at: since,
      ...due,
    };
  if (state === "recovering")
    return {
      text: `its condition does not hold any more, and not yet for the ${policy?.keepFiringFor ?? 0} seconds after which it is over: ${wordsOf(looked)}`,
      at: clearedAt ?? since,
      ...due,
    };
  if (state === "nodata") return { text: reason === "" ? "what it hangs on is not measured" : reason, at: since };
  return { text: `its condition holds, and that is no surprise now: ${reason}`, at: since, ...due };
}

function whyOver({ looked, group }: Alert, policy: Policy | undefined, looking: Looking | undefined): string {
  if (policy === undefined) return "its policy is there no more";
  if (policy.state === "disabled") return "its policy is disabled";
  if (looking?.isWatched === false)
    return `its policy does not watch the ${group === undefined ? "device" : "group"} any more`;
  return `its condition did not hold any more when ${wordsOf(looked)}`;
}

/** What was looked at, and what was seen. */
const wordsOf = (looked: Alert["looked"]): string =>
  looked.length === 0
    ? "it was looked at"
    : looked.map(({ what, value }) => `${what} ${value === undefined ? "was not known" : `was ${value}`}`).join(", ");

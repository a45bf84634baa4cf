import type { Record_ } from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { ClockOffset } from "../../platform/feature.ts";

/** The condition that the control plane itself gives a device. */
export const CLOCK_WRONG = "clock-wrong";

const CONDITIONS_AT_MOST = 32;

// Two bounds, so that a clock at the first does not begin and end with every sample.
const WRONG_FROM = 5 * MINUTE;
const RIGHT_WITHIN = 4 * MINUTE;

/** Whether a clock that is off by so much counts as wrong. */
export const isWrong = (offset: number, wasWrong: boolean): boolean =>
  Math.abs(offset) > (wasWrong ? RIGHT_WITHIN : WRONG_FROM);

/** What a batch says of the device's clock as it is now; undefined when it speaks of earlier periods only. */
export const newestClock = (clocks: readonly ClockOffset[], since: number): ClockOffset | undefined =>
  clocks
    .filter(({ clockPeriod }) => clockPeriod >= since)
    .toSorted((a, b) => a.clockPeriod - b.clockPeriod)
    .at(-1);

/** A device's conditions by its own word, and what is known of its clock. */
export function conditionsOf(said: readonly string[], isClockWrong: boolean): string[] {
  const all = said.filter((each) => each !== "" && each !== CLOCK_WRONG);
  return [...new Set(isClockWrong ? [...all, CLOCK_WRONG] : all)].sort();
}

// The Hello is on its way for a while, and what it says is read a little later.
const HELLO_TAKES = SECOND;

/** The conditions after agent events that tell of one each. Those from before the last Hello are older than what that said. */
export function conditionsAfter(
  before: readonly string[],
  records: readonly Pick<Record_, "body" | "agentEvent" | "atMs" | "clockPeriod">[],
  { clockPeriod, saidAt }: { readonly clockPeriod: number; readonly saidAt: number },
): string[] {
  const conditions = new Set(before);
  for (const { body, agentEvent, ...time } of records) {
    if (body !== "agentEvent" || agentEvent?.name !== "condition") continue;
    const isOld = time.clockPeriod === clockPeriod ? time.atMs < saidAt - HELLO_TAKES : time.clockPeriod < clockPeriod;
    const [, word = "", verb] = /^(\S{1,64}) (set|cleared)$/.exec(agentEvent.detail ?? "") ?? [];
    if (isOld || verb === undefined || word === CLOCK_WRONG) continue;
    if (verb === "cleared") conditions.delete(word);
    else if (conditions.size < CONDITIONS_AT_MOST) conditions.add(word);
  }
  return [...conditions].sort();
}

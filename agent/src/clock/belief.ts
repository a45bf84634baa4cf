import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { better, type Estimate } from "./estimate.ts";

/** What this device believes of the control plane's clock. All times are on the steady clock. */
export interface Belief {
  readonly estimate: Estimate;
  /** What was believed up to an hour ago: corrections in small steps do not get far from it. */
  readonly reference: { readonly offset: number; readonly at: number };
  /** From here on it has been confirmed, by another clock or by an hour of agreement. */
  readonly firmFrom: number;
  /** Another time that the control plane has told ever since, and that is not believed yet. */
  readonly doubt?: { readonly offset: number; readonly since: number };
}

/** A correction beyond this must be confirmed. */
export const LARGEST_CORRECTION = 5 * MINUTE;
/** By every answer for this long. */
const CONFIRMED_AFTER = HOUR;

export interface Witnesses {
  /** Offsets that this device's own clock speaks for, best first; none when it cannot be right or was never compared. */
  readonly offsets: readonly number[];
  /** Nothing is known that could contradict: the first answer is taken whole. */
  readonly isFirst: boolean;
}

/**
 * Takes in one comparison. A small correction is believed at once; a large one when the device's own clock says the same,
 * or when nothing else was heard for an hour: so neither one bad answer nor a control plane set wrong for a while expires
 * or revives a command.
 */
export function heard(former: Belief | undefined, sample: Estimate, { offsets, isFirst }: Witnesses): Belief {
  const { at } = sample;
  const isWitnessed = offsets.some((offset) => agree(offset, sample));
  if (isWitnessed && (former === undefined || !agree(former.reference.offset, sample))) return believing(sample, at);
  if (former === undefined) {
    const [own] = offsets;
    if (isFirst || own === undefined) return believing(sample, at + CONFIRMED_AFTER);
    const guess = believing({ offset: own, uncertainty: Infinity, at }, at + CONFIRMED_AFTER);
    return { ...guess, doubt: { offset: sample.offset, since: at } };
  }
  const reference =
    at - former.reference.at >= CONFIRMED_AFTER ? { offset: former.estimate.offset, at } : former.reference;
  if (agree(reference.offset, sample))
    return { estimate: better(former.estimate, sample), reference, firmFrom: former.firmFrom };
  const isSame = former.doubt !== undefined && agree(former.doubt.offset, sample);
  const doubt = isSame && former.doubt ? former.doubt : { offset: sample.offset, since: at };
  return at - doubt.since >= CONFIRMED_AFTER ? believing(sample, at) : { ...former, reference, doubt };
}

const believing = (estimate: Estimate, firmFrom: number): Belief => ({
  estimate,
  reference: { offset: estimate.offset, at: estimate.at },
  firmFrom,
});

/** What lies within its own uncertainty contradicts nothing. */
const agree = (offset: number, sample: Estimate): boolean =>
  Math.abs(sample.offset - offset) - sample.uncertainty <= LARGEST_CORRECTION;

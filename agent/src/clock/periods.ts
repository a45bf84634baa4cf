import { limits, type v1 } from "@edgemere/protocol";
import { uncertaintyAt, type Estimate } from "./estimate.ts";

/** From a start or a step of the device's clock to the next. */
export interface Period {
  /** 0: not counted. */
  readonly number: number;
  /** The device's wall clock minus its steady one; undefined for periods of an earlier process. */
  readonly wallOffset?: number;
  /** Control plane minus device wall, once it is known for good. */
  readonly known?: { readonly offset: number; readonly uncertainty: number };
}

/** What is remembered; records of an older period are read by the time at which they came. */
const MOST_KEPT = limits.clocks - 1;
// The field has 32 bits.
const LARGEST_UNCERTAINTY = 2 ** 32 - 1;

/** Periods that have ended: what can be said of them now will not get better. */
export const settled = (ended: readonly Period[], estimate: Estimate | undefined): readonly Period[] =>
  ended
    .filter(({ number }) => number > 0)
    .slice(-MOST_KEPT)
    .map((period) => {
      const known = period.known ?? offsetOf(period, estimate);
      return known === undefined ? period : { number: period.number, known };
    });

/** How times of the given periods are to be read, as far as it is known. */
export function clockOffsets(
  periods: readonly Period[],
  estimate: Estimate | undefined,
  wanted: ReadonlySet<number>,
): readonly v1.ClockOffset.$Properties[] {
  return periods.flatMap((period) => {
    const known = period.number > 0 && wanted.has(period.number) ? offsetOf(period, estimate) : undefined;
    if (known === undefined) return [];
    const uncertaintyMs = Math.min(Math.ceil(known.uncertainty), LARGEST_UNCERTAINTY);
    return [{ clockPeriod: period.number, offsetMs: Math.round(known.offset), uncertaintyMs }];
  });
}

function offsetOf({ known, wallOffset }: Period, estimate: Estimate | undefined): Period["known"] {
  if (known !== undefined || wallOffset === undefined || estimate === undefined) return known;
  // Guessed and not measured.
  if (estimate.uncertainty === Infinity) return undefined;
  return { offset: estimate.offset - wallOffset, uncertainty: uncertaintyAt(estimate, estimate.at) };
}

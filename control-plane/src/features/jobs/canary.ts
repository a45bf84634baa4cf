import type { WaveProgress } from "./rollout-life-contract.ts";
import type { CanarySpec } from "./rollout-spec-contract.ts";
import { studentExceeded } from "./student.ts";

/** By what devices are compared. */
export type Measure = Comparison["measure"];

/** What became of one device by one measure: the change for the worse, in per cent of the value before or in points of a hundred. */
export interface Sample {
  readonly measure: Measure;
  readonly stratum: string;
  readonly change: number;
}

interface Sides {
  readonly treated: readonly Sample[];
  readonly control: readonly Sample[];
  /** 1 for the first look at this wave. */
  readonly look: number;
  /** How many waves of the rollout are compared. */
  readonly waves: number;
  readonly now: number;
}

type Verdict = NonNullable<WaveProgress["canary"]>;
type Comparison = Verdict["comparisons"][number];

const FALSE_STOPS = 0.5;
const LEAST = 5;
const HARMFUL = 3;
/** How often a wave goes on although the harm is as great as what must be ruled out. */
const MISSED = 0.05;

/** The change for the worse of a device between two means; undefined where there is nothing to compare with. */
export function changeOf(before: number, after: number, { worse = "higher" }: CanarySpec): number | undefined {
  if (!Number.isFinite(before) || !Number.isFinite(after) || before === 0) return undefined;
  const change = ((after - before) / Math.abs(before)) * 100;
  return worse === "higher" ? change : -change;
}

/** The measures that a comparison asks for. */
export const measuresOf = ({ metric, alerts }: CanarySpec): readonly Measure[] => [
  ...(metric === undefined ? [] : ["metric" as const]),
  ...(alerts === true ? ["alerts" as const] : []),
];

/**
 * Whether devices that were changed became worse than such as were not in the same time (difference in differences). Beside the
 * whole each stratum is compared by itself, so that harm to one kind of hardware is not thinned by the others. The chance of a
 * false stop is shared out: over the waves, over the looks (half of what is left to each), over the comparisons of a look. Of several measures each must be harmless.
 */
export function judged({ treated, control, look, waves, now }: Sides, spec: CanarySpec): Verdict {
  const { falseStops = FALSE_STOPS, least = LEAST, tolerated = 0, harmful = HARMFUL } = spec;
  const measures = measuresOf(spec);
  const groups = measures
    .flatMap((measure) => groupsOf(measure, treated, control))
    .filter((each) => each.treated.length >= least && each.control.length >= least);
  const probability = falseStops / 100 / waves / 2 ** look / Math.max(1, groups.length);
  const comparisons = groups.map((each) => comparisonOf(each, probability));
  const verdict = comparisons.some(({ low }) => low > tolerated)
    ? "rollback"
    : comparisons.filter(({ stratum }) => stratum === "").length === measures.length &&
        comparisons.every(({ high }) => high < harmful)
      ? "continue"
      : "hold";
  return { verdict, at: now, look, comparisons };
}

interface Group {
  readonly measure: Measure;
  readonly stratum: string;
  readonly treated: readonly number[];
  readonly control: readonly number[];
}

/** The whole first; then each stratum, where there is more than one. */
function groupsOf(measure: Measure, one: readonly Sample[], other: readonly Sample[]): readonly Group[] {
  const [treated, control] = [one, other].map((side) => side.filter((each) => each.measure === measure));
  if (treated === undefined || control === undefined) return [];
  const of = (samples: readonly Sample[], stratum?: string) =>
    samples.filter((each) => stratum === undefined || each.stratum === stratum).map(({ change }) => change);
  const strata = [...new Set(treated.map(({ stratum }) => stratum))].toSorted();
  const whole = { measure, stratum: "", treated: of(treated), control: of(control) };
  if (strata.length < 2) return [whole];
  const parts = strata.filter(Boolean).map((stratum) => ({
    measure,
    stratum,
    treated: of(treated, stratum),
    control: of(control, stratum),
  }));
  return [whole, ...parts];
}

/** By Welch's t: the two sides may vary differently. */
function comparisonOf({ measure, stratum, treated, control }: Group, probability: number): Comparison {
  const [one, other] = [momentsOf(treated), momentsOf(control)];
  const change = one.mean - other.mean;
  const [a, b] = [one.variance / treated.length, other.variance / control.length];
  const error = Math.sqrt(a + b);
  const freedom = error === 0 ? 1 : (a + b) ** 2 / (a ** 2 / (treated.length - 1) + b ** 2 / (control.length - 1));
  const below = error === 0 ? 0 : error * studentExceeded(probability, freedom);
  const above = error === 0 ? 0 : error * studentExceeded(MISSED, freedom);
  return {
    measure,
    stratum,
    treated: treated.length,
    control: control.length,
    change,
    low: change - below,
    high: change + above,
  };
}

function momentsOf(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { mean, variance: squares / Math.max(1, values.length - 1) };
}

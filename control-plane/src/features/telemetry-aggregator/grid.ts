import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { Problem } from "../../platform/problem.ts";

/** The lengths that windows have, shortest first. Each begins at a whole multiple of it since 1970 UTC, so shorter ones fit into longer ones. */
export const steps = { "10s": 10 * SECOND, "1m": MINUTE, "5m": 5 * MINUTE, "1h": HOUR, "1d": DAY } as const;
export type Step = keyof typeof steps;

/** Windows in a row: the first begins at `from`, each lasts `step` milliseconds, its end not included. */
export interface Grid {
  readonly from: number;
  readonly step: number;
  readonly length: number;
}

export const endOfGrid = ({ from, step, length }: Grid): number => from + length * step;

const USUALLY_AT_MOST = 400;
const WINDOWS_AT_MOST = 10_000;

/** Whole windows that hold a range; without a step, of the shortest that makes no more of them than a screen shows. */
export function gridOf(range: { readonly from: number; readonly to: number }, step?: Step): Grid & { name: Step } {
  const names = Object.keys(steps) as Step[];
  const fitting = names.find((each) => lengthOf(range, steps[each]) <= USUALLY_AT_MOST) ?? "1d";
  const name = step ?? fitting;
  const length = lengthOf(range, steps[name]);
  if (length > WINDOWS_AT_MOST)
    throw new Problem(
      "too-large",
      `the range has ${length} windows of ${name}, more than ${WINDOWS_AT_MOST}; ask for a shorter range${name === "1d" ? "" : ` or a longer step, such as ${fitting}`}`,
    );
  return { name, from: Math.floor(range.from / steps[name]) * steps[name], step: steps[name], length };
}

/** A range that ends where it begins is the one window that holds the instant. */
const lengthOf = ({ from, to }: { readonly from: number; readonly to: number }, step: number): number =>
  Math.max(1, Math.ceil(to / step) - Math.floor(from / step));

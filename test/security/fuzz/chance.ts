import type { Random } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";

/** Choices that repeat themselves. */
export interface Chance extends Random {
  /** A whole number from 0 up to, and without, `end`. */
  below(end: number): number;
  oneIn(times: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** The choices of one case of one run: a case can be made again without those before it. */
export function chanceOf(seed: number, number: number): Chance {
  const random = seededRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35));
  const next = () => random.next();
  const below = (end: number) => Math.floor(next() * end);
  return {
    next,
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
    below,
    oneIn: (times) => next() * times < 1,
    pick: (choices) => choices[below(choices.length)]!,
  };
}

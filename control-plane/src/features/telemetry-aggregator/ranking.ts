/** One group of an answer. Null stands for "there is none". */
export interface Answered {
  readonly by: Record<string, string>;
  readonly metric: string;
  /** Devices whose samples are in it. */
  readonly devices: number;
  /** One value for the whole range. */
  readonly overall: number | null;
  /** The same of the range before. */
  readonly before?: number | null;
  /** (overall − before) / |before|; null where one of them is missing, or there was nothing to be a part of. */
  readonly change?: number | null;
  readonly value: (number | null)[];
}

/** By how much a value changed, as a share of what it was. */
export function changeOf(before: number | null, overall: number | null): number | null {
  if (before === null || overall === null) return null;
  if (before === overall) return 0;
  return before === 0 ? null : (overall - before) / Math.abs(before);
}

export type Order = "descending" | "ascending";

/** In the order of their values, those without one last; groups of the same value by their words. */
export const byValue = (answers: readonly Answered[], order: Order): readonly Answered[] =>
  ordered(answers, ({ overall }) => overall, order);

/** What changed most comes first, whether it rose or fell; what came up out of zero before all. */
export const byChange = (answers: readonly Answered[]): readonly Answered[] =>
  ordered(
    answers,
    ({ before, change, overall }) => {
      if (before === 0 && overall !== null && overall !== 0) return Infinity;
      return typeof change === "number" ? Math.abs(change) : null;
    },
    "descending",
  );

function ordered(answers: readonly Answered[], rank: (answer: Answered) => number | null, order: Order) {
  const sign = order === "ascending" ? 1 : -1;
  return answers.toSorted((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    if (left === right) return compareWords(a, b);
    if (left === null || right === null) return left === null ? 1 : -1;
    return sign * (left < right ? -1 : 1);
  });
}

/** By metric, then by what they have in common. */
export function compareWords(a: Answered, b: Answered): number {
  const [left, right] = [a, b].map(({ metric, by }) => [metric, ...Object.values(by)].join("\u0000"));
  if (left === right) return 0;
  return (left ?? "") < (right ?? "") ? -1 : 1;
}

/** A time in which samples were made. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}
interface Range {
  readonly from: number;
  readonly to: number;
}

/** So many times the distance of two samples without one is silence. */
const STEPS = 3.5;
/** A host that is busy makes samples late; that is no silence. */
const LEAST = 15_000;
/** At its ends a range may lack what is only on its way. */
const EDGE = 60_000;

/** Times in which no samples were made although the device's own pace says that there should be, and no known gap says why. */
export function silences(spans: readonly Span[], { from, to }: Range, known: readonly Range[]): readonly Range[] {
  const ordered = spans.toSorted((a, b) => a.from - b.from);
  const usual = usualStep(ordered);
  const found: (Range & { readonly atLeast: number })[] = [];
  let end: { readonly at: number; readonly step: number } | undefined;
  for (const span of ordered) {
    const step = stepOf(span) ?? usual;
    const atLeast = Math.max(LEAST, STEPS * Math.max(step, end?.step ?? 0));
    if (end === undefined) found.push({ from, to: span.from, atLeast: Math.max(EDGE, atLeast) });
    else found.push({ from: end.at, to: span.from, atLeast });
    if (end === undefined || span.to > end.at) end = { at: span.to, step };
  }
  found.push({ from: end?.at ?? from, to, atLeast: Math.max(EDGE, STEPS * (end?.step ?? 0)) });
  return found.flatMap(({ atLeast, ...silence }) =>
    without({ from: Math.max(from, silence.from), to: Math.min(to, silence.to) }, known).filter(
      (piece) => piece.to - piece.from > atLeast,
    ),
  );
}

const stepOf = ({ from, to, rows }: Span): number | undefined => (rows > 1 ? (to - from) / (rows - 1) : undefined);

/** The median distance of samples, for spans that hold only one. */
function usualStep(ordered: readonly Span[]): number {
  const steps = ordered.flatMap((span, place) => {
    const before = ordered[place - 1];
    return [...(before ? [Math.max(0, span.from - before.to)] : []), ...[stepOf(span) ?? []].flat()];
  });
  return steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
}

const without = (range: Range, known: readonly Range[]): readonly Range[] =>
  known.reduce<readonly Range[]>(
    (pieces, gap) =>
      pieces.flatMap((piece) =>
        gap.to <= piece.from || gap.from >= piece.to
          ? [piece]
          : [
              { from: piece.from, to: gap.from },
              { from: gap.to, to: piece.to },
            ].filter((each) => each.to > each.from),
      ),
    [range],
  );

/** Ranges that touch or overlap as one. */
export function joined(ranges: readonly Range[]): Range[] {
  const all: Range[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last === undefined || from > last.to) all.push({ from, to });
    else all[all.length - 1] = { from: last.from, to: Math.max(last.to, to) };
  }
  return all;
}

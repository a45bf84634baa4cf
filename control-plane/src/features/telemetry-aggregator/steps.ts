/** Samples of one series, ascending. */
interface Samples {
  readonly at: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** A series thinned out: one entry per step that has a sample. */
export interface Stepped {
  /** Instants of the last sample of each step, ascending. */
  readonly at: number[];
  /** The last of each step. */
  readonly value: number[];
  readonly low: number[];
  readonly high: number[];
}

/**
 * The last, the lowest and the highest sample of each step that begins at `from` or a multiple of `step` milliseconds
 * later: a line through them covers the same pixels as one through all samples, however many there are.
 */
export function extremesOfSteps(
  { at: instants, values }: Samples,
  { from, step }: { readonly from: number; readonly step: number },
): Stepped {
  const stepped: Stepped = { at: [], value: [], low: [], high: [] };
  const { at, value: last, low, high } = stepped;
  let current = Number.NaN;
  for (let sample = 0; sample < instants.length; sample++) {
    const [instant = 0, value = NaN] = [instants[sample], values[sample]];
    const place = Math.floor((instant - from) / step);
    if (place !== current) {
      current = place;
      at.push(instant);
      last.push(value);
      low.push(value);
      high.push(value);
      continue;
    }
    const end = last.length - 1;
    at[end] = instant;
    last[end] = value;
    low[end] = Math.min(low[end] ?? value, value);
    high[end] = Math.max(high[end] ?? value, value);
  }
  return stepped;
}

import type { SeriesSamples } from "./reading.ts";

/** At most `points` samples between two instants: where there are more, each is the last of its step. */
export function thinned({ at, values }: SeriesSamples, points: number, { from, to }: { from: number; to: number }) {
  if (at.length <= points) return { at: [...at], value: [...values] };
  const step = Math.max(1, (to - from + 1) / points);
  const shown: { readonly at: number[]; readonly value: number[] } = { at: [], value: [] };
  let last = -1;
  for (let sample = 0; sample < at.length; sample++) {
    const [instant = 0, value = NaN] = [at[sample], values[sample]];
    const place = Math.floor((instant - from) / step);
    const index = place === last ? shown.at.length - 1 : shown.at.length;
    shown.at[index] = instant;
    shown.value[index] = value;
    last = place;
  }
  return shown;
}

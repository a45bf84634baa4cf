import { endOf, type Samples } from "./chunks.ts";
import type { Span } from "./silence.ts";

/** Samples of one series, ascending. */
export interface Series {
  readonly metric: string;
  readonly instance: string;
  readonly at: number[];
  readonly value: number[];
}

interface Sample {
  readonly at: number;
  readonly value: number;
}

/** Gathers the samples of some metrics between two instants, both included, from chunks in any order. */
export class Gathering {
  readonly #from: number;
  readonly #to: number;
  readonly #metrics: ReadonlySet<string> | undefined;
  readonly #samples = new Map<string, Sample[]>();
  /** The times of the chunks, in any order. */
  readonly spans: (Span & { readonly isEstimated: boolean })[] = [];
  size = 0;

  constructor({ from, to, metrics }: { from: number; to: number; metrics?: readonly string[] | undefined }) {
    this.#from = from;
    this.#to = to;
    this.#metrics = metrics && new Set(metrics);
  }

  add(samples: Samples): void {
    const { baseMs, offsetMs, series, isEstimated } = samples;
    if (offsetMs.length === 0) return;
    this.spans.push({ from: baseMs, to: endOf(samples), rows: offsetMs.length, isEstimated });
    for (const { metric, instance, values } of series) {
      if (this.#metrics?.has(metric) === false) continue;
      const samples = this.#of(`${metric}\u0000${instance}`);
      for (const [row, value] of values.entries()) {
        const at = baseMs + (offsetMs[row] ?? 0);
        if (Number.isNaN(value) || at < this.#from || at > this.#to) continue;
        samples.push({ at, value });
        this.size++;
      }
    }
  }

  /** By metric and instance, each series with at most `points` samples: where there are more, each is the last of its step. */
  series(points: number): readonly Series[] {
    const step = Math.max(1, (this.#to - this.#from + 1) / points);
    return [...this.#samples]
      .filter(([, samples]) => samples.length > 0)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, samples]) => {
        const [metric = "", instance = ""] = key.split("\u0000");
        const ordered = samples.toSorted((a, b) => a.at - b.at);
        const shown = ordered.length <= points ? ordered : lastOfSteps(ordered, this.#from, step);
        return { metric, instance, at: shown.map(({ at }) => at), value: shown.map(({ value }) => value) };
      });
  }

  #of(key: string): Sample[] {
    const known = this.#samples.get(key);
    if (known) return known;
    const samples: Sample[] = [];
    this.#samples.set(key, samples);
    return samples;
  }
}

const lastOfSteps = (ordered: readonly Sample[], from: number, step: number): readonly Sample[] => [
  ...new Map(ordered.map((sample) => [Math.floor((sample.at - from) / step), sample])).values(),
];

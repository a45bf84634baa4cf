import { Counter, type Family } from "../../platform/figures.ts";
import type { Minutes } from "./chain-bytes.ts";
import { windowsIn } from "./window-bytes.ts";
import { gridOfPeriod } from "./window-tables.ts";
import type { Windows } from "./windows.ts";

/** The last sample of each of some minutes, of one series. */
export interface MinuteSeries {
  readonly metric: string;
  readonly instance: string;
  readonly at: readonly number[];
  readonly value: readonly number[];
}

/** Minutes of a device that a child told of, and that were not known before. */
interface ChainedArrival {
  /** Origin and id there. */
  readonly device: string;
  /** The child by which they came. */
  readonly child: string;
  readonly arrivedAt: number;
  readonly resolution: "1m";
  readonly series: readonly MinuteSeries[];
}

/** The minutes of an hour of a metric that `before` does not know, or knows otherwise. */
export function newMinutes(
  metric: string,
  minutes: readonly Minutes[],
  { hour, before }: { readonly hour: number; readonly before: Uint8Array | undefined },
): readonly MinuteSeries[] {
  const grid = gridOfPeriod("minutes", hour);
  const known = new Map<string, Windows>();
  if (before !== undefined) for (const { instance, windows } of windowsIn(before, grid)) known.set(instance, windows);
  return minutes.flatMap(({ instance, windows: { count, lastAt, last } }) => {
    const was = known.get(instance);
    const places = [...count.keys()].filter(
      (minute) => count[minute] !== 0 && (was?.lastAt[minute] !== lastAt[minute] || was?.last[minute] !== last[minute]),
    );
    const of = (column: Float64Array) => places.map((minute) => column[minute] as number);
    return places.length === 0 ? [] : [{ metric, instance, at: of(lastAt), value: of(last) }];
  });
}

/** Points of one child that wait; all are numbers in memory. */
const WAITING_AT_MOST = 200_000;

/**
 * What children tell, on its way to whoever hears samples as they come. In memory only, and only while somebody listens: history has it too.
 * A child that tells more than is taken away loses what has no place, and no other does.
 */
export class ChainedArrivals {
  readonly #queue: ChainedArrival[] = [];
  readonly #waiting = new Map<string, number>();
  readonly #leftOut = new Counter(
    {
      name: "edgemere_child_samples_left_out",
      help: "Samples that a child told faster than subscribers took them, and that they did not hear",
    },
    ["child"],
  );
  readonly #atMost: number;
  #isWanted = false;

  constructor(atMost = WAITING_AT_MOST) {
    this.#atMost = atMost;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** What is to be done when it is durable; `before` are the points of the same report. Of too many nothing is held until then. */
  landing(
    of: Pick<ChainedArrival, "device" | "child" | "arrivedAt">,
    series: readonly MinuteSeries[],
    before: number,
  ): () => void {
    const points = pointsIn(series);
    return before > 0 && before + points > this.#atMost
      ? this.#leavingOut(of.child, points)
      : this.#adding({ ...of, resolution: "1m", series }, points);
  }

  /** What came since, the first first. From then on what comes is kept for whoever takes it. */
  take(limit: number): readonly ChainedArrival[] {
    this.#isWanted = true;
    const taken = this.#queue.splice(0, limit);
    for (const { child, series } of taken) this.#waiting.set(child, (this.#waiting.get(child) ?? 0) - pointsIn(series));
    return taken;
  }

  /** Nobody listens any more. */
  forget(): void {
    this.#isWanted = false;
    this.#queue.length = 0;
    this.#waiting.clear();
  }

  figures(): readonly Family[] {
    return [this.#leftOut.figure()];
  }

  #leavingOut(child: string, points: number): () => void {
    return () => this.#leftOut.add([child], points);
  }

  #adding(arrival: ChainedArrival, points: number): () => void {
    return () => {
      if (!this.#isWanted) return;
      const waiting = this.#waiting.get(arrival.child) ?? 0;
      if (waiting > 0 && waiting + points > this.#atMost) return this.#leftOut.add([arrival.child], points);
      this.#waiting.set(arrival.child, waiting + points);
      this.#queue.push(arrival);
    };
  }
}

export const pointsIn = (series: readonly MinuteSeries[]): number => series.reduce((sum, { at }) => sum + at.length, 0);

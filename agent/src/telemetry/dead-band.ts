import { limits, seriesKey } from "@edgemere/protocol";
import { baseMetric, type RolledReading } from "./roll-up.ts";

/** Which changes of a metric are worth sending. */
export interface DeadBand {
  /** A metric, or its beginning and `*`. */
  readonly metric: string;
  /** A value is sent when it differs by more than this from the one that was sent before. */
  readonly change: number;
  /** `change` is a percentage of the value that was sent before. */
  readonly isShare: boolean;
  /** A value is sent at least so often, milliseconds. */
  readonly atLeastEvery: number;
}

/** A reading with the promise of its band. */
export interface SentReading extends RolledReading {
  /** For so many milliseconds it stands where later rows have no value of its series. */
  readonly holdMs?: number;
}

interface Sent {
  readonly value: number;
  readonly at: number;
}

/** Leaves out values that say nothing new. A series under a dead-band stands as it was sent last, for no longer than `atLeastEvery`. */
export class DeadBands {
  readonly #bands: readonly DeadBand[];
  readonly #sent = new Map<string, Sent>();

  /** Of several that fit a metric the first counts. */
  constructor(bands: readonly DeadBand[]) {
    this.#bands = bands;
  }

  /** What of these readings is to be sent, and for how long it stands; `at` is on the monotonic clock. */
  filter(readings: readonly RolledReading[], at: number): readonly SentReading[] {
    if (this.#bands.length === 0) return readings;
    return readings.flatMap((reading) => {
      const band = this.#bands.find(({ metric }) => fits(metric, baseMetric(reading.metric)));
      if (band === undefined) return [reading];
      const key = seriesKey(reading);
      if (!isNews(band, this.#sent.get(key), { value: reading.value, at })) return [];
      this.#remember(key, { value: reading.value, at });
      return [{ ...reading, holdMs: band.atLeastEvery }];
    });
  }

  /** Of series that came and went the oldest are forgotten: they would be sent again, which is no harm. */
  #remember(key: string, sent: Sent): void {
    this.#sent.delete(key);
    this.#sent.set(key, sent);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > limits.telemetrySeries && oldest !== undefined) this.#sent.delete(oldest);
  }
}

/** Whether a pattern, which may end in `*`, fits a name. */
export const fits = (pattern: string, name: string): boolean =>
  pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

function isNews({ change, isShare, atLeastEvery }: DeadBand, before: Sent | undefined, now: Sent): boolean {
  if (before === undefined || now.at - before.at >= atLeastEvery) return true;
  const room = isShare ? Math.abs(before.value) * (change / 100) : change;
  return Math.abs(now.value - before.value) > room;
}

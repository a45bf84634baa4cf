/** By how much a quantile may differ from a value that was added, as a share of it. */
export const RELATIVE_ERROR = 0.01;

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
// Puts the buckets of all positive doubles above zero, so that those of negative ones can be theirs with a minus.
const OFFSET = 40_000;
/** Numbers that lie within a factor of 10^17 need no more. */
export const BUCKETS_AT_MOST = 2_048;

/** What a sketch knows: the least that it tells from zero, and how many values lie in which bucket. */
interface Held {
  readonly smallest: number;
  readonly buckets: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
}

/**
 * How many of many values lie where: quantiles of it are within 1 % of a value that is there, and two of them merge into what one of
 * all values would be. Logarithmic buckets after Masson, Rim and Lee, "DDSketch" (VLDB 2019), for negative numbers and zero too.
 * Values that lie more than seventeen decades apart cost the smallest their precision: they count as zero.
 */
export class Sketch {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #smallest = 0;

  /** One that holds what another held. */
  static of({ smallest, buckets, counts }: Held): Sketch {
    const sketch = new Sketch();
    sketch.#smallest = smallest;
    for (let place = 0; place < buckets.length; place++)
      sketch.#addTo(buckets[place] as number, counts[place] as number);
    return sketch;
  }

  /** All that it knows, in the order of the values. */
  get held(): { readonly smallest: number; readonly buckets: number[]; readonly counts: number[] } {
    const ordered = [...this.#counts].toSorted(([a], [b]) => a - b);
    return {
      smallest: this.#smallest,
      buckets: ordered.map(([bucket]) => bucket),
      counts: ordered.map(([, count]) => count),
    };
  }

  get count(): number {
    return this.#count;
  }

  /** How many buckets it has. */
  get size(): number {
    return this.#counts.size;
  }

  /** A finite number. */
  add(value: number): void {
    this.#addTo(bucketOf(value), 1);
  }

  merge(other: Sketch): void {
    this.#smallest = Math.max(this.#smallest, other.#smallest);
    for (const [bucket, count] of other.#counts) this.#addTo(bucket, count);
  }

  /** The value that stands at this share (0 to 1) of all in their order; NaN when there are none. */
  quantile(share: number): number {
    const rank = share * (this.#count - 1);
    let below = 0;
    for (const [bucket, count] of [...this.#counts].toSorted(([a], [b]) => a - b)) {
      below += count;
      if (below > rank) return valueOf(bucket);
    }
    return NaN;
  }

  #addTo(bucket: number, count: number): void {
    const kept = Math.abs(bucket) < this.#smallest ? 0 : bucket;
    this.#counts.set(kept, (this.#counts.get(kept) ?? 0) + count);
    this.#count += count;
    if (this.#counts.size > BUCKETS_AT_MOST) this.#narrow();
  }

  /** Gives up an eighth of the buckets: those of the smallest numbers. */
  #narrow(): void {
    const sizes = [...this.#counts.keys()].map(Math.abs).toSorted((a, b) => a - b);
    this.#smallest = sizes[BUCKETS_AT_MOST / 8] ?? 0;
    for (const [bucket, count] of this.#counts) {
      if (bucket === 0 || Math.abs(bucket) >= this.#smallest) continue;
      this.#counts.delete(bucket);
      this.#counts.set(0, (this.#counts.get(0) ?? 0) + count);
    }
  }
}

/** A quantile where the least and the largest of all values are known: not beyond them, though a bucket may reach further. NaN where there is no value. */
export const quantileWithin = (sketch: Sketch | undefined, share: number, least: number, largest: number): number =>
  Math.min(largest, Math.max(least, sketch?.quantile(share) ?? NaN));

const bucketOf = (value: number): number =>
  value === 0 ? 0 : Math.sign(value) * (Math.ceil(Math.log(Math.abs(value)) / LOG_GAMMA) + OFFSET);

function valueOf(bucket: number): number {
  if (bucket === 0) return 0;
  const upper = Math.exp((Math.abs(bucket) - OFFSET) * LOG_GAMMA);
  return Math.sign(bucket) * Math.min(Number.MAX_VALUE, (2 / (GAMMA + 1)) * upper);
}

/** What a value is about, by name of the label: few values for each, none of them a secret or the name of a person. */
export type Labels = Readonly<Record<string, string>>;

interface FamilyHead {
  /** In base units, and with the unit at its end: seconds, bytes. */
  readonly name: string;
  readonly help: string;
}

/** Values that belong together, in the data model of Prometheus (https://prometheus.io/docs/concepts/metric_types/). */
export interface Family extends FamilyHead {
  readonly type: "counter" | "gauge" | "histogram";
  /** The suffix stands behind the name: `_total` of a counter; `_bucket`, `_sum` and `_count` of a histogram. */
  readonly samples: readonly { readonly suffix: string; readonly labels: Labels; readonly value: number }[];
}

/** Values as they are now. */
export const gauge = (head: FamilyHead, values: readonly (readonly [labels: Labels, value: number])[]): Family => ({
  ...head,
  type: "gauge",
  samples: values.map(([labels, value]) => ({ suffix: "", labels, value })),
});

/** What only grows, as somebody else counts it. */
export const total = (head: FamilyHead, values: readonly (readonly [labels: Labels, value: number])[]): Family => ({
  ...head,
  type: "counter",
  samples: values.map(([labels, value]) => ({ suffix: "_total", labels, value })),
});

/** What is known of one combination of label values. */
class Cells<T> {
  readonly #names: readonly string[];
  readonly #cells = new Map<string, { readonly labels: Labels; readonly cell: T }>();
  readonly #fresh: () => T;

  constructor(names: readonly string[], fresh: () => T) {
    this.#names = names;
    this.#fresh = fresh;
  }

  at(values: readonly string[]): T {
    const key = values.join("\u0000");
    const known = this.#cells.get(key);
    if (known !== undefined) return known.cell;
    const labels = Object.fromEntries(this.#names.map((name, i) => [name, values[i] ?? ""]));
    const cell = this.#fresh();
    this.#cells.set(key, { labels, cell });
    return cell;
  }

  all(): readonly { readonly labels: Labels; readonly cell: T }[] {
    return [...this.#cells.values()];
  }
}

/** Counts since the process began. */
export class Counter {
  readonly #head: FamilyHead;
  readonly #cells: Cells<{ count: number }>;

  constructor(head: FamilyHead, labels: readonly string[] = []) {
    this.#head = head;
    this.#cells = new Cells(labels, () => ({ count: 0 }));
  }

  /** `values` stand in the order of the labels. */
  add(values: readonly string[] = [], by = 1): void {
    this.#cells.at(values).count += by;
  }

  figure(): Family {
    return total(
      this.#head,
      this.#cells.all().map(({ labels, cell }) => [labels, cell.count]),
    );
  }
}

/** Upper bounds of seconds: from what a look-up takes to what nobody waits for. */
const SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10] as const;

/** How often something took how long, in seconds. */
export class Durations {
  readonly #head: FamilyHead;
  readonly #cells: Cells<{ readonly counts: number[]; sum: number; count: number }>;

  constructor(head: FamilyHead, labels: readonly string[] = []) {
    this.#head = head;
    this.#cells = new Cells(labels, () => ({ counts: SECONDS.map(() => 0), sum: 0, count: 0 }));
  }

  observe(seconds: number, values: readonly string[] = []): void {
    const cell = this.#cells.at(values);
    const bucket = SECONDS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) cell.counts[bucket] = (cell.counts[bucket] ?? 0) + 1;
    cell.sum += seconds;
    cell.count++;
  }

  figure(): Family {
    const samples = this.#cells.all().flatMap(({ labels, cell: { counts, sum, count } }) => {
      let below = 0;
      const buckets = SECONDS.map((bound, i) => {
        below += counts[i] ?? 0;
        return { suffix: "_bucket", labels: { ...labels, le: String(bound) }, value: below };
      });
      return [
        ...buckets,
        { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: count },
        { suffix: "_sum", labels, value: sum },
        { suffix: "_count", labels, value: count },
      ];
    });
    return { ...this.#head, type: "histogram", samples };
  }
}

import { limits, seriesKey, type GivenSamples } from "@edgemere/protocol";
import { isPlausible } from "../../platform/dating.ts";

/** One value of one metric. */
export interface Sample {
  readonly metric: string;
  readonly instance: string;
  /** By the clock of who measured it. */
  readonly at: number;
  /** Finite. */
  readonly value: number;
}

/** A batch is rows by series; cells without a value are waste, of which there may be so many and three times the samples. */
const EMPTY_CELLS = 64;
const CELLS_PER_SAMPLE = 4;
/** What a batch may take at most, as it travels. */
const BATCH_BYTES = 64 * 1024;

/**
 * Lays samples out as batches. Those whose time cannot be true come in batches of their own: the aggregator dates a batch by
 * its first row. Of two samples of one series at one instant the later in the list counts.
 */
export function batchesOf(samples: readonly Sample[], receivedAt: number): readonly GivenSamples[] {
  const ordered = samples.toSorted((a, b) => a.at - b.at);
  const isTrue = ({ at }: Sample) => isPlausible(at, receivedAt);
  return [ordered.filter((each) => !isTrue(each)), ordered.filter(isTrue)].flatMap(laidOut);
}

function laidOut(ordered: readonly Sample[]): readonly GivenSamples[] {
  const drafts: Draft[] = [];
  for (const each of ordered) {
    if (drafts.at(-1)?.add(each) === true) continue;
    const draft = new Draft(each.at);
    draft.add(each);
    drafts.push(draft);
  }
  return drafts.map((draft) => draft.finished());
}

interface Column {
  readonly metric: string;
  readonly instance: string;
  readonly cells: Map<number, number>;
}

/** A batch that is being filled, in the order of time. */
class Draft {
  readonly #base: number;
  readonly #offsets: number[] = [];
  readonly #columns = new Map<string, Column>();
  #samples = 0;
  #nameBytes = 0;

  constructor(base: number) {
    this.#base = base;
  }

  /** False when it belongs into another batch. */
  add({ metric, instance, at, value }: Sample): boolean {
    const key = seriesKey({ metric, instance });
    const known = this.#columns.get(key);
    const isNewRow = this.#offsets.at(-1) !== at - this.#base;
    const rows = this.#offsets.length + Number(isNewRow);
    const columns = this.#columns.size + Number(known === undefined);
    const names = this.#nameBytes + (known === undefined ? Buffer.byteLength(key) : 0);
    if (this.#samples > 0 && !this.#hasRoom({ rows, columns, names, span: at - this.#base })) return false;
    if (isNewRow) this.#offsets.push(at - this.#base);
    const column = known ?? { metric, instance, cells: new Map() };
    this.#columns.set(key, column);
    column.cells.set(rows - 1, value);
    this.#nameBytes = names;
    this.#samples++;
    return true;
  }

  finished(): GivenSamples {
    return {
      baseMs: this.#base,
      offsetMs: this.#offsets,
      series: [...this.#columns.values()].map(({ metric, instance, cells }) => ({
        metric,
        instance,
        values: this.#offsets.map((_, row) => cells.get(row) ?? Number.NaN),
      })),
    };
  }

  #hasRoom(would: { rows: number; columns: number; names: number; span: number }): boolean {
    const { rows, columns, names, span } = would;
    const cells = rows * columns;
    return (
      span <= limits.telemetrySpan &&
      rows <= limits.telemetryRows &&
      columns <= limits.telemetrySeries &&
      cells <= EMPTY_CELLS + CELLS_PER_SAMPLE * (this.#samples + 1) &&
      cells * 8 + rows * 5 + columns * 16 + names <= BATCH_BYTES
    );
  }
}

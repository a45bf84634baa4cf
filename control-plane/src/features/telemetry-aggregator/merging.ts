import { seriesKey, type SeriesName } from "@edgemere/protocol";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { byName, type Chunk, type Report, type SeriesKey, type StoredChunk } from "./chunks.ts";
import { hourOf } from "./tables.ts";

/** Values that one chunk has room for. So many are decoded and encoded again without holding up anybody else. */
export const CELLS_AT_MOST = 32_768;
/** After its end an hour may still get what was on its way. */
const GRACE = 5 * MINUTE;
/** What comes later seldom comes alone. */
const LATE = MINUTE;

export const isOver = (hour: number, now: number): boolean => now >= hour + HOUR + GRACE;

/** When reports are to be merged after another has come that begins at `firstAt`: its hour being over, or enough of them for a chunk. */
export function mergeAfter(
  firstAt: number,
  { unmerged, mergeAt = Infinity, now }: { unmerged: number; mergeAt?: number | undefined; now: number },
): number {
  const due = unmerged >= CELLS_AT_MOST ? now : Math.max(hourOf(firstAt) + HOUR + GRACE, now + LATE);
  return Math.min(mergeAt, due);
}

interface Part {
  readonly chunk: StoredChunk;
  /** The place of each of its series among all. */
  readonly places: readonly number[];
}

/** Chunks of one device on their way to become one. The order in which they are added means nothing. */
export class Merging {
  readonly #nameOf: (key: SeriesKey) => SeriesName | undefined;
  readonly #parts: Part[] = [];
  readonly #names: SeriesName[] = [];
  readonly #places = new Map<string, number>();
  readonly #ofNumber = new Map<number, number>();
  #rows = 0;

  constructor(nameOf: (key: SeriesKey) => SeriesName | undefined) {
    this.#nameOf = nameOf;
  }

  /** Adds a chunk, unless together they would be too large; the first is never. */
  takes(chunk: StoredChunk): boolean {
    const keys = chunk.keys();
    const fresh = keys.filter((key) => this.#known(key) === undefined).length;
    const cells = (this.#rows + chunk.rows) * (this.#names.length + fresh);
    if (this.#parts.length > 0 && cells > CELLS_AT_MOST) return false;
    this.#parts.push({ chunk, places: keys.map((key) => this.#placeOf(key)) });
    this.#rows += chunk.rows;
    return true;
  }

  merged(): Chunk {
    const parts = this.#parts.map(({ chunk, places }) => ({ chunk, places, instants: chunk.instants() }));
    const slices = parts
      .flatMap(({ chunk, instants }, part) => slicesOf(chunk.reports(), instants, part))
      .toSorted(inOrder);
    const rows = slices.reduce((sum, { report }) => sum + report.rows, 0);
    const instants = new Float64Array(rows);
    const columns = this.#names.map(() => new Float64Array(rows).fill(NaN));
    const own = parts.map((): Move[] => []);
    let start = 0;
    for (const { part, from, report } of slices) {
      const to = from + report.rows;
      own[part]?.push({ from, to, start });
      instants.set(parts[part]?.instants.subarray(from, to) ?? [], start);
      start += report.rows;
    }
    for (const [part, { chunk, places }] of parts.entries())
      for (const [series, place] of places.entries())
        put(chunk, series, columns[place] ?? new Float64Array(), own[part] ?? []);
    return {
      reports: slices.map(({ report }) => report),
      instants,
      series: this.#names
        .map((key, place) => ({ key, values: columns[place] ?? [] }))
        .toSorted((a, b) => byName(a.key, b.key)),
    };
  }

  #known(key: SeriesKey): number | undefined {
    return typeof key === "number" ? this.#ofNumber.get(key) : this.#places.get(seriesKey(key));
  }

  #placeOf(key: SeriesKey): number {
    const known = this.#known(key);
    if (known !== undefined) return known;
    const name = this.#nameOf(key);
    if (name === undefined) throw new Error(`there is no name for the series ${JSON.stringify(key)}`);
    const place = this.#places.get(seriesKey(name)) ?? this.#names.push(name) - 1;
    this.#places.set(seriesKey(name), place);
    if (typeof key === "number") this.#ofNumber.set(key, place);
    return place;
  }
}

/** The rows of one report in a chunk. */
export interface Slice {
  readonly report: Report;
  readonly firstAt: number;
  /** Which of the chunks, and from which of its rows on. */
  readonly part: number;
  readonly from: number;
}

export function slicesOf(reports: readonly Report[], instants: Float64Array, part: number): readonly Slice[] {
  let from = 0;
  return reports.map((report) => {
    const slice = { report, firstAt: instants[from] ?? 0, part, from };
    from += report.rows;
    return slice;
  });
}

/** Reports stand by their first instants, and by their numbers where these are equal. */
export const inOrder = (a: Slice, b: Slice): number => a.firstAt - b.firstAt || a.report.sequence - b.report.sequence;

/** Rows of a chunk, and where they begin in the merged one. */
interface Move {
  readonly from: number;
  readonly to: number;
  readonly start: number;
}

/** Nearly all chunks are reports: their rows stay together. */
function put(chunk: StoredChunk, series: number, column: Float64Array, moves: readonly Move[]): void {
  const [only, ...others] = moves;
  if (only !== undefined && others.length === 0) return chunk.valuesInto(series, column, only.start);
  const values = chunk.values(series);
  for (const { from, to, start } of moves) column.set(values.subarray(from, to), start);
}

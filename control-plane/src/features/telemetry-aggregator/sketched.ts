import {
  decodeColumn,
  quantileWithin,
  SKETCH_BLOCKS,
  sketchBlocks,
  sketchesIn,
  seriesKey,
  type ColumnEncoder,
  type Samples,
  type Sketch,
} from "@edgemere/protocol";
import { nameBytes, namesOf } from "./chunks.ts";
import { framed, unframed } from "./frame.ts";
import type { Column } from "./windows.ts";

/** Of a series of a device that sums up by itself: how the values lay of which a sample is the mean, by its instant. */
export type SketchesAt = ReadonlyMap<number, Sketch>;

/** Rows before the columns of the sketches: how many instants and series there are, the instants, the names. */
const [HEAD, INSTANTS, NAMES, COLUMNS] = [0, 1, 2, 3];

/** The sketches of a record's samples, whose instants these are; undefined where it brings none. */
export function sketchedBytes(
  series: Samples["series"],
  instants: ArrayLike<number>,
  columns: ColumnEncoder,
): Uint8Array | undefined {
  const sketched = series.flatMap(({ metric, instance, sketches }) =>
    sketches ? [{ metric, instance, sketches }] : [],
  );
  if (sketched.length === 0) return undefined;
  return framed([
    columns.encode([instants.length, sketched.length]),
    columns.encode(instants),
    nameBytes(sketched),
    ...sketched.flatMap(({ sketches }) => sketchBlocks(columns, sketches)),
  ]);
}

/** Adds what such bytes tell to what is known, by the keys of the series that are wanted. */
export function addSketched(bytes: Uint8Array, known: Map<string, Map<number, Sketch>>, wanted?: ReadonlySet<string>) {
  const blocks = unframed(bytes);
  const column = (place: number, length: number) => decodeColumn(blocks[place] ?? new Uint8Array(), length);
  const [rows = 0] = column(HEAD, 2);
  const instants = column(INSTANTS, rows);
  for (const [place, name] of namesOf(blocks[NAMES] ?? new Uint8Array()).entries()) {
    if (wanted?.has(name.metric) === false) continue;
    const own = known.get(seriesKey(name)) ?? new Map<number, Sketch>();
    known.set(seriesKey(name), own);
    const first = COLUMNS + place * SKETCH_BLOCKS;
    for (const [row, sketch] of sketchesIn(blocks.slice(first, first + SKETCH_BLOCKS), rows).entries())
      if (sketch) own.set(instants[row] ?? 0, sketch);
  }
}

/** Adds a sample to a sketch: where it is the mean of many values, all of these. */
export function addSample(
  sketch: Sketch,
  { at, values, sketches }: Column & { readonly sketches?: SketchesAt },
  row: number,
): void {
  const own = sketches?.get(at[row] as number);
  if (own === undefined) sketch.add(values[row] as number);
  else sketch.merge(own);
}

/** A percentile of values, of whose samples this is known. It is not beyond these, unless they stand for more values than they are. */
export function percentileOf(
  sketch: Sketch | undefined,
  share: number,
  { count, min, max }: { readonly count: number; readonly min: number; readonly max: number },
): number {
  if (sketch !== undefined && sketch.count > count) return sketch.quantile(share);
  return quantileWithin(sketch, share, min, max);
}

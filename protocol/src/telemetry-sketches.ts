import type { ColumnEncoder } from "./column-encoder.ts";
import type { v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { isSketch, sketchBlocks, sketchesIn, type Sketches } from "./sketch-columns.ts";

/** The sketches of a column as they travel: one for each row, or undefined. */
export function writtenSketches(columns: ColumnEncoder, column: number, sketches: Sketches) {
  const [sizes, smallest, buckets, counts] = sketchBlocks(columns, sketches);
  const size = sketches.reduce((sum, sketch) => sum + (sketch?.size ?? 0), 0);
  return { column, size, sizes, smallest, buckets, counts };
}

/** Throws ProtocolError where they are not of columns that there are, one each and in their order. */
export function sketchesInOrder(sketches: readonly v1.TelemetrySketches.$Properties[], columns: number): void {
  let next = 0;
  for (const { column = 0 } of sketches) {
    if (column < next || column >= columns)
      throw new ProtocolError(
        "out-of-range",
        `telemetry.sketches of column ${column} are in none of ${columns} places`,
      );
    next = column + 1;
  }
}

/** The sketches of a column's rows. Throws ProtocolError where no values can have made them. */
export function sketchesOfRows(written: v1.TelemetrySketches.$Properties, values: Float64Array): Sketches {
  const { column = 0, size = 0, sizes, smallest, buckets, counts } = written;
  const sketches = sketchesIn([sizes, smallest, buckets, counts], values.length, size ?? 0);
  for (const [row, sketch] of sketches.entries())
    if (sketch && (Number.isNaN(values[row]) || !isSketch(sketch)))
      throw new ProtocolError(
        "out-of-range",
        `telemetry.sketches of column ${column} are none of values in row ${row}`,
      );
  return sketches;
}

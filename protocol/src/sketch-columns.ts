import type { ColumnEncoder } from "./column-encoder.ts";
import { decodeColumn } from "./column-decoder.ts";
import { ProtocolError } from "./protocol-error.ts";
import { BUCKETS_AT_MOST, Sketch } from "./sketch.ts";

/** One for each window, or row; undefined where there is no sample. */
export type Sketches = readonly (Sketch | undefined)[];

/** Sketches in a row, in four columns: how many buckets each has, the least it tells from zero, the buckets, and how many values lie in each. */
export function sketchBlocks(
  columns: ColumnEncoder,
  sketches: Sketches,
): readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array] {
  const held = sketches.map((sketch) => sketch?.held ?? { smallest: 0, buckets: [], counts: [] });
  return [
    columns.encode(held.map(({ buckets }) => buckets.length)),
    columns.encode(held.map(({ smallest }) => smallest)),
    columns.encode(held.flatMap(({ buckets }) => buckets)),
    columns.encode(held.flatMap(({ counts }) => counts)),
  ];
}
export const SKETCH_BLOCKS = 4;

/** Of so many windows. Throws ProtocolError where the columns are none of sketches, or not of so many buckets together as somebody said. */
export function sketchesIn(
  blocks: readonly (Uint8Array | undefined)[],
  length: number,
  expected?: number,
): (Sketch | undefined)[] {
  const column = (place: number, rows: number) => decodeColumn(blocks[place] ?? new Uint8Array(), rows);
  const [sizes, smallest] = [column(0, length), column(1, length)];
  if (!sizes.every((size) => Number.isInteger(size) && size >= 0 && size <= BUCKETS_AT_MOST))
    throw new ProtocolError("out-of-range", "a sketch has more buckets than there can be");
  const all = sizes.reduce((sum, size) => sum + size, 0);
  if (expected !== undefined && all !== expected)
    throw new ProtocolError("out-of-range", `sketches have ${all} buckets, and not ${expected}`);
  const [buckets, counts] = [column(2, all), column(3, all)];
  let from = 0;
  return Array.from(sizes, (size, window) => {
    const to = from + size;
    const held = { smallest: smallest[window] ?? 0, buckets: buckets.slice(from, to), counts: counts.slice(from, to) };
    from = to;
    return size === 0 ? undefined : Sketch.of(held);
  });
}

/** Of the least and the largest double. */
const BUCKET_AT_MOST = 80_000;

/** Whether values can have made it: of one that somebody else wrote. */
export function isSketch({ held: { smallest, buckets, counts } }: Sketch): boolean {
  return (
    smallest >= 0 &&
    smallest <= BUCKET_AT_MOST &&
    buckets.every((bucket) => Number.isInteger(bucket) && Math.abs(bucket) <= BUCKET_AT_MOST) &&
    counts.every((count) => Number.isInteger(count) && count > 0)
  );
}

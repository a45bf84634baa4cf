import { decodeColumnInto, type ColumnEncoder } from "@edgemere/protocol";
import type { Grid } from "./grid.ts";
import { Windows, type Summing } from "./windows.ts";

const columns = ["count", "sum", "min", "max", "last", "lastAt", "increase", "over"] as const;
type ColumnName = (typeof columns)[number];

/** The columns that are needed to tell something of windows. */
const needed: Readonly<Record<Summing, readonly ColumnName[]>> = {
  min: ["count", "min"],
  max: ["count", "max"],
  mean: ["count", "sum"],
  sum: ["count", "sum"],
  count: ["count"],
  last: ["count", "last", "lastAt"],
  rate: ["count", "increase", "over"],
};

interface OfInstance {
  readonly instance: string;
  readonly windows: Windows;
}

const decoder = new TextDecoder();

/**
 * Windows of the instances of one metric as bytes: for each its name, then its columns, each with its length before it (two bytes,
 * little-endian). Instants are told from the begin of their window, sums to fourteen digits, and an empty window has no value in any column but its count.
 */
export function windowsBytes(encoder: ColumnEncoder, instances: readonly OfInstance[]): Uint8Array {
  const parts = instances.flatMap(({ instance, windows }) => [
    Buffer.from(instance),
    ...columns.map((name) => encoder.encode(columnOf(windows, name))),
  ]);
  const bytes = Buffer.alloc(parts.reduce((sum, { length }) => sum + 2 + length, 0));
  let position = 0;
  for (const part of parts) {
    position = bytes.writeUInt16LE(part.length, position);
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

/** A column as it is told; good until the next is asked for. */
function columnOf(windows: Windows, name: ColumnName): Float64Array {
  const { count, grid } = windows;
  if (name === "count") return count;
  const column = windows[name];
  if (toldColumn.length !== column.length) toldColumn = new Float64Array(column.length);
  const told = toldColumn;
  for (let window = 0; window < told.length; window++) {
    const value = column[window] as number;
    if (count[window] === 0) told[window] = NaN;
    else if (name === "lastAt") told[window] = value - (grid.from + window * grid.step);
    else told[window] = name === "sum" || name === "increase" ? tidied(value) : value;
  }
  return told;
}

let toldColumn = new Float64Array();

// Powers of ten that a double holds exactly.
const LARGEST_POWER = 22;
const DIGITS = 14;

/** Without the last digits, which adding up has made: 0.1 + 0.2 takes eight bytes, and 0.3 one. */
function tidied(value: number): number {
  if (Number.isInteger(value)) return value;
  const power = DIGITS - Math.ceil(Math.log10(Math.abs(value)));
  if (!(power >= 0 && power <= LARGEST_POWER)) return value;
  const scale = 10 ** power;
  return Math.round(value * scale) / scale;
}

/** How many instances there are in such bytes. */
export function instancesIn(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let parts = 0;
  for (let position = 0; position < bytes.length; parts++) position += 2 + view.getUint16(position, true);
  return parts / (1 + columns.length);
}

/** Each instance in turn, with all columns. */
export function* windowsIn(bytes: Uint8Array, grid: Grid): Generator<OfInstance> {
  for (const { instance, columnOf } of instancesOf(bytes)) {
    const windows = new Windows(grid);
    const { count, lastAt } = windows;
    for (const name of columns) decodeColumnInto(columnOf(name), grid.length, windows[name], 0);
    for (let window = 0; window < grid.length; window++)
      if (count[window] === 0) windows.empty(window);
      else lastAt[window] = (lastAt[window] as number) + grid.from + window * grid.step;
    yield { instance, windows };
  }
}

/**
 * The same with the columns that tell one thing, in `windows`, which is the same for all, for whoever only looks at windows that are not empty: of the
 * others these columns hold nothing that counts, and the other columns hold what they held before.
 */
export function* windowsTelling(what: Summing, bytes: Uint8Array, windows: Windows): Generator<OfInstance> {
  const { count, lastAt, grid } = windows;
  for (const { instance, columnOf } of instancesOf(bytes)) {
    for (const name of needed[what]) decodeColumnInto(columnOf(name), grid.length, windows[name], 0);
    if (what === "last")
      for (let window = 0; window < count.length; window++)
        lastAt[window] = (lastAt[window] as number) + grid.from + window * grid.step;
    yield { instance, windows };
  }
}

/** The names of the instances, and where their columns lie. */
function* instancesOf(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  const next = () => {
    const from = position + 2;
    position = from + view.getUint16(position, true);
    return bytes.subarray(from, position);
  };
  while (position < bytes.length) {
    const instance = decoder.decode(next());
    const begin = position;
    const ends = columns.map(() => (position += 2 + view.getUint16(position, true)));
    const columnOf = (name: ColumnName) => {
      const place = columns.indexOf(name);
      return bytes.subarray((ends[place - 1] ?? begin) + 2, ends[place]);
    };
    yield { instance, columnOf };
  }
}

import { type ColumnEncoder, decodeColumn, type Sketch, sketchBlocks, sketchesIn } from "@edgemere/protocol";
import { framed, unframed } from "./frame.ts";
import type { Grid } from "./grid.ts";
import { windowsBytes, windowsIn } from "./window-bytes.ts";
import { Windows } from "./windows.ts";

/** What all samples of a metric of several devices were, window by window. */
export interface GroupWindows {
  readonly windows: Windows;
  /** Undefined where there is no sample. */
  readonly sketches: (Sketch | undefined)[];
  /** How many devices had samples. */
  readonly devices: Float64Array;
  /** 1 where the window was made, also of nothing. */
  readonly made: Float64Array;
}

export const emptyGroupWindows = (grid: Grid): GroupWindows => ({
  windows: new Windows(grid),
  sketches: Array.from({ length: grid.length }),
  devices: new Float64Array(grid.length),
  made: new Float64Array(grid.length),
});

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** With the selector that said who is in it: windows of another one are of other devices. */
export function groupBytes(columns: ColumnEncoder, selector: string, group: GroupWindows): Uint8Array {
  const { windows, sketches, devices, made } = group;
  return framed([
    encoder.encode(selector),
    columns.encode(made),
    columns.encode(devices),
    windowsBytes(columns, [{ instance: "", windows }]),
    ...sketchBlocks(columns, sketches),
  ]);
}

/** Undefined when they are of another selector, or there are none. */
export function groupWindowsIn(
  bytes: Uint8Array | undefined,
  selector: string,
  grid: Grid,
  withSketches = true,
): GroupWindows | undefined {
  if (bytes === undefined) return undefined;
  const [selected, made, devices, kept, ...sketchColumns] = unframed(bytes) as [Uint8Array, ...Uint8Array[]];
  if (decoder.decode(selected) !== selector) return undefined;
  const [{ windows } = { windows: new Windows(grid) }] = windowsIn(kept ?? new Uint8Array(), grid);
  return {
    windows,
    sketches: withSketches ? sketchesIn(sketchColumns, grid.length) : [],
    devices: decodeColumn(devices ?? new Uint8Array(), grid.length),
    made: decodeColumn(made ?? new Uint8Array(), grid.length),
  };
}

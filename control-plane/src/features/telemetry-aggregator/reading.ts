import { seriesKey, type SeriesName, type Sketch } from "@edgemere/protocol";
import { Problem } from "../../platform/problem.ts";
import type { Store } from "../../platform/store.ts";
import { byName, StoredChunk } from "./chunks.ts";
import { inOrder, slicesOf, type Slice } from "./merging.ts";
import { SeriesList } from "./series-list.ts";
import type { Span } from "./silence.ts";
import { addSketched, type SketchesAt } from "./sketched.ts";
import {
  chunkId,
  chunksBetween,
  hourOf,
  knownGaps,
  mergedChunks,
  reportsBetween,
  reportsOf,
  seriesListKey,
  sketchedBetween,
  summaries,
  type KnownGap,
} from "./tables.ts";

// One question may not make the control plane hold or read the whole history.
const BYTES_AT_MOST = 64 * 1024 * 1024;
export const SAMPLES_AT_MOST = 4_000_000;
const GAPS_AT_MOST = 1_000;

/** Instants by the control plane's clock, both included. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Samples of one series in the order of their instants; where there is no value there is no sample. Where the device has said for how long a
 * value stands, it is also that of each later row without one within that time: the device looked, and it had not moved enough to be sent.
 */
export interface SeriesSamples extends SeriesName {
  readonly at: Float64Array;
  readonly values: Float64Array;
  /** Of those that are means of many values, where these were asked for. */
  readonly sketches?: SketchesAt;
}

export interface StoredSamples {
  /** By metric and instance. None is empty. */
  readonly series: readonly SeriesSamples[];
  /** When reports were made that reach into the range, in any order. */
  readonly spans: readonly (Span & { readonly isEstimated: boolean })[];
}

/**
 * Reads the samples of a device. Only what is asked for is decoded. Throws Problem too-large where that would be more than one
 * question may hold.
 */
export async function readSamples(
  store: Store,
  device: string,
  {
    metrics,
    isSketched = false,
    ...range
  }: Range & { readonly metrics?: readonly string[] | undefined; readonly isSketched?: boolean },
): Promise<StoredSamples> {
  const { longestSpan = 0, longestHold = 0, hasSketches = false } = (await store.get(summaries, device)) ?? {};
  const begun = { from: range.from - longestHold - longestSpan, to: range.to };
  const sources = await sourcesOf(store, device, begun);
  const all = sources.flatMap(({ slices }) => slices);
  const holding = all.filter((slice) => isIn(slice, sources, { ...range, from: range.from - longestHold }));
  const reaching = longestHold === 0 ? holding : holding.filter((slice) => isIn(slice, sources, range));
  const list = longestHold === 0 ? undefined : SeriesList.of(await store.bytes(seriesListKey(device)));
  const wanted = metrics && new Set(metrics);
  const found = new Map<string, { readonly name: SeriesName; readonly columns: Map<number, number> }>();
  for (const [place, { names }] of sources.entries())
    for (const [column, name] of names.entries()) {
      if (name === undefined || wanted?.has(name.metric) === false) continue;
      const key = seriesKey(name);
      const known = found.get(key) ?? { name, columns: new Map<number, number>() };
      known.columns.set(place, column);
      found.set(key, known);
    }
  const begins = { from: range.from - longestSpan, to: range.to };
  const sketches = isSketched && hasSketches ? await sketchesOf(store, device, begins, wanted) : undefined;
  const pieces = piecesOf(holding.toSorted(inOrder));
  let size = 0;
  const series = [...found.values()]
    .toSorted((a, b) => byName(a.name, b.name))
    .flatMap(({ name, columns }) => {
      const samples = samplesOf(pieces, columns, sources, { ...range, hold: list?.holdOf(name) ?? 0 });
      size += samples.at.length;
      if (size > SAMPLES_AT_MOST) throw tooLarge();
      const own = sketches?.get(seriesKey(name));
      return samples.at.length === 0 ? [] : [{ ...name, ...samples, ...(own && { sketches: own }) }];
    });
  return { series, spans: reaching.map((slice) => spanOf(slice, sources)) };
}

/** By the keys of the series. */
async function sketchesOf(store: Store, device: string, { from, to }: Range, wanted?: ReadonlySet<string>) {
  const found = new Map<string, Map<number, Sketch>>();
  let bytesRead = 0;
  for await (const [, bytes] of store.bytesBetween(sketchedBetween(device, from, to + 1))) {
    bytesRead += bytes.length;
    if (bytesRead > BYTES_AT_MOST) throw tooLarge();
    addSketched(bytes, found, wanted);
  }
  return found;
}

/** At most so many bytes are read, and values decoded if all metrics are asked for. Looks at no sample. */
export async function costOf(
  store: Store,
  device: string,
  { from, to }: Range,
): Promise<{ readonly bytes: number; readonly samples: number }> {
  const { longestSpan = 0, unmerged = 0 } = (await store.get(summaries, device)) ?? {};
  let cost = { bytes: BYTES_OF_UNMERGED * unmerged, samples: unmerged };
  const first = chunkId(device, hourOf(Math.max(0, from - longestSpan)), 0);
  for await (const chunk of store.scan(mergedChunks, { from: first })) {
    if (chunk.device !== device || chunk.hour > to) break;
    cost = { bytes: cost.bytes + chunk.bytes, samples: cost.samples + chunk.cells };
  }
  return cost;
}

// A value alone in its column, with its share of the report.
const BYTES_OF_UNMERGED = 6;

/** The numbers of series that reports have which are not merged, but for those under some keys. */
export async function numbersInReports(
  store: Store,
  device: string,
  without: ReadonlySet<string> = new Set(),
): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for await (const [key, bytes] of store.bytesBetween(reportsOf(device))) {
    if (without.has(key)) continue;
    for (const series of new StoredChunk(bytes).keys()) if (typeof series === "number") found.add(series);
  }
  return found;
}

/** Samples that are known to be lost, by their ends. */
export async function gapsBetween(store: Store, device: string, { from, to }: Range) {
  const found: KnownGap[] = [];
  for await (const gap of store.scan(knownGaps, { index: "device", prefix: [device], reverse: true })) {
    if (gap.to < from || found.length === GAPS_AT_MOST) break;
    if (gap.from <= to) found.push(gap);
  }
  return found.reverse().map(({ from, to, records, reason }) => ({ from, to, records, reason }));
}

interface Source {
  readonly chunk: StoredChunk;
  readonly names: readonly (SeriesName | undefined)[];
  readonly instants: Float64Array;
  readonly slices: readonly Slice[];
}

/**
 * Reports are looked for before merged chunks: what is merged in between is found twice and not missed. The list of names is
 * read in between: a report whose series it does not know any more has been merged.
 */
async function sourcesOf(store: Store, device: string, { from, to }: Range): Promise<readonly Source[]> {
  let bytesRead = 0;
  const read = (bytes: Uint8Array) => {
    bytesRead += bytes.length;
    if (bytesRead > BYTES_AT_MOST) throw tooLarge();
    return new StoredChunk(bytes);
  };
  const reports: StoredChunk[] = [];
  for await (const [, bytes] of store.bytesBetween(reportsBetween(device, from, to))) reports.push(read(bytes));
  const list = SeriesList.of(reports.length === 0 ? undefined : await store.bytes(seriesListKey(device)));
  const chunks: StoredChunk[] = [];
  for await (const [, bytes] of store.bytesBetween(chunksBetween(device, from, to))) chunks.push(read(bytes));

  const sources: Source[] = [];
  const seen = new Set<string>();
  for (const chunk of [...chunks, ...reports]) {
    const instants = chunk.instants();
    const slices = slicesOf(chunk.reports(), instants, sources.length);
    const fresh = reports.length === 0 ? slices : slices.filter((slice) => !seen.has(placeOf(slice)));
    if (reports.length > 0) for (const slice of slices) seen.add(placeOf(slice));
    if (fresh.length > 0)
      sources.push({ chunk, instants, slices: fresh, names: chunk.keys().map((key) => list.nameOf(key)) });
  }
  return sources;
}

const placeOf = ({ firstAt, report }: Slice): string => `${firstAt} ${report.sequence}`;

function isIn({ part, from, firstAt, report }: Slice, sources: readonly Source[], range: Range): boolean {
  const last = sources[part]?.instants[from + report.rows - 1] ?? firstAt;
  return firstAt <= range.to && last >= range.from;
}

function spanOf({ part, from, firstAt, report }: Slice, sources: readonly Source[]) {
  const to = sources[part]?.instants[from + report.rows - 1] ?? firstAt;
  return { from: firstAt, to, rows: report.rows, isEstimated: report.isEstimated };
}

/** Rows of one chunk, of reports that follow each other. */
interface Piece {
  readonly part: number;
  readonly from: number;
  readonly to: number;
}

function piecesOf(ordered: readonly Slice[]): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const { part, from, report } of ordered) {
    const last = pieces.at(-1);
    if (last?.part === part && last.to === from) pieces[pieces.length - 1] = { ...last, to: from + report.rows };
    else pieces.push({ part, from, to: from + report.rows });
  }
  return pieces;
}

const NOTHING = new Float64Array();

function samplesOf(
  pieces: readonly Piece[],
  columns: ReadonlyMap<number, number>,
  sources: readonly Source[],
  { from: first, to: last, hold }: Range & { readonly hold: number },
): { readonly at: Float64Array; readonly values: Float64Array } {
  const own = hold > 0 ? pieces : pieces.filter(({ part }) => columns.has(part));
  const most = own.reduce((sum, { from, to }) => sum + to - from, 0);
  const [at, values] = [new Float64Array(most), new Float64Array(most)];
  const decoded = new Map<number, Float64Array>();
  let size = 0;
  let isOrdered = true;
  let held = { value: NaN, at: 0 };
  for (const { part, from, to } of own) {
    const source = sources[part];
    if (source === undefined) continue;
    const place = columns.get(part);
    const column = place === undefined ? NOTHING : (decoded.get(part) ?? source.chunk.values(place));
    decoded.set(part, column);
    for (let row = from; row < to; row++) {
      const [instant = 0, own = NaN] = [source.instants[row], column[row]];
      const isHeld = Number.isNaN(own) && instant >= held.at && instant - held.at <= hold;
      const value = isHeld ? held.value : own;
      if (hold > 0 && !Number.isNaN(own)) held = { value: own, at: instant };
      if (Number.isNaN(value) || instant < first || instant > last) continue;
      if (size > 0 && instant < (at[size - 1] ?? 0)) isOrdered = false;
      at[size] = instant;
      values[size++] = value;
    }
  }
  const samples = { at: at.subarray(0, size), values: values.subarray(0, size) };
  return isOrdered ? samples : ordered(samples);
}

function ordered({ at, values }: { readonly at: Float64Array; readonly values: Float64Array }) {
  const rows = Array.from(at.keys()).sort((a, b) => (at[a] ?? 0) - (at[b] ?? 0));
  return {
    at: Float64Array.from(rows, (row) => at[row] ?? 0),
    values: Float64Array.from(rows, (row) => values[row] ?? NaN),
  };
}

export const tooLarge = () =>
  new Problem(
    "too-large",
    "there are too many samples in this range to read at once; ask for a shorter one, or for fewer metrics",
  );

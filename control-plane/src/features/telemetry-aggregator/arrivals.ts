import type { SeriesName } from "@edgemere/protocol";
import type { Store } from "../../platform/store.ts";
import { StoredChunk } from "./chunks.ts";
import { slicesOf } from "./merging.ts";
import { SeriesList } from "./series-list.ts";
import { arrivalsBetween, chunksBetween, hourOf, reportKey, seriesListKey } from "./tables.ts";

/** One answer may not hold a whole history; an arrival is given whole all the same. */
const SAMPLES_AT_MOST = 100_000;

/** The samples of one report, as they were made: a value for each instant, NaN where there is none. */
export interface ArrivedReport {
  readonly device: string;
  readonly receivedAt: number;
  readonly isEstimated: boolean;
  /** By the control plane's clock. */
  readonly instants: Float64Array;
  readonly series: readonly (SeriesName & { readonly values: Float64Array })[];
}

export interface Arrivals {
  readonly reports: readonly ArrivedReport[];
  /** Where to go on; the one that was given when nothing has arrived since. */
  readonly cursor: string;
  /** Whether there is more now. */
  readonly more: boolean;
}

interface Arrival {
  readonly device: string;
  readonly receivedAt: number;
  /** First instant and number of each report. */
  readonly reports: readonly (readonly [firstAt: number, sequence: number])[];
}

/** The place after everything that had landed at an instant: where somebody begins who wants what comes from then on. */
export const cursorAt = (instant: number): string => arrivalsBetween(undefined, instant).lt;

/**
 * Samples in the order in which they landed, whatever was merged meanwhile, at most `limit` arrivals. What is not kept any more is left out.
 * What lands later stands behind every cursor that was given. Throws InvalidCursor for one that was not given here.
 */
export async function arrivalsAfter(
  store: Store,
  { cursor, limit = 100 }: { readonly cursor: string | undefined; readonly limit?: number },
): Promise<Arrivals> {
  const reports: ArrivedReport[] = [];
  const looked = new Looked(store);
  let [last, arrivals, samples] = [cursor ?? cursorAt(-Infinity), 0, 0];
  for await (const [key, bytes] of store.bytesBetween({ ...arrivalsBetween(cursor), limit })) {
    const { device, receivedAt, reports: places } = JSON.parse(decoder.decode(bytes)) as Arrival;
    for (const [firstAt, sequence] of places) {
      const report = await looked.find(device, firstAt, sequence);
      if (report === undefined) continue;
      reports.push({ device, receivedAt, ...report });
      samples += report.instants.length * report.series.length;
    }
    last = key;
    arrivals++;
    if (samples >= SAMPLES_AT_MOST) return { reports, cursor: last, more: true };
  }
  return { reports, cursor: last, more: arrivals === limit };
}

export const arrivalBytes = (arrival: Arrival): Uint8Array => encoder.encode(JSON.stringify(arrival));

const encoder = new TextEncoder();
const decoder = new TextDecoder();

type Samples = Omit<ArrivedReport, "device" | "receivedAt">;

/** What was looked into already: arrivals of one moment are often of the same devices, and of the same hours. */
class Looked {
  readonly #store: Store;
  readonly #lists = new Map<string, SeriesList>();
  #hour: { readonly key: string; readonly chunks: readonly StoredChunk[] } | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  async find(device: string, firstAt: number, sequence: number): Promise<Samples | undefined> {
    const bytes = await this.#store.bytes(reportKey(device, firstAt, sequence));
    const alone = bytes && samplesOf(new StoredChunk(bytes), { firstAt, sequence }, await this.#listOf(device));
    if (alone !== undefined) return alone;
    for (const chunk of await this.#chunksOf(device, hourOf(firstAt))) {
      const found = samplesOf(chunk, { firstAt, sequence }, undefined);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #listOf(device: string): Promise<SeriesList> {
    const known = this.#lists.get(device);
    if (known !== undefined) return known;
    const list = SeriesList.of(await this.#store.bytes(seriesListKey(device)));
    this.#lists.set(device, list);
    return list;
  }

  async #chunksOf(device: string, hour: number): Promise<readonly StoredChunk[]> {
    const key = `${device}/${hour}`;
    if (this.#hour?.key === key) return this.#hour.chunks;
    const chunks: StoredChunk[] = [];
    for await (const [, bytes] of this.#store.bytesBetween(chunksBetween(device, hour, hour)))
      chunks.push(new StoredChunk(bytes));
    this.#hour = { key, chunks };
    return chunks;
  }
}

/** Undefined when the report is not in the chunk, or has a series that the list does not name any more: then it has been merged. */
function samplesOf(
  chunk: StoredChunk,
  wanted: { readonly firstAt: number; readonly sequence: number },
  list: SeriesList | undefined,
): Samples | undefined {
  const instants = chunk.instants();
  const slice = slicesOf(chunk.reports(), instants, 0).find(
    ({ firstAt, report }) => firstAt === wanted.firstAt && report.sequence === wanted.sequence,
  );
  if (slice === undefined) return undefined;
  const { from, report } = slice;
  const to = from + report.rows;
  const series: ArrivedReport["series"][number][] = [];
  for (const [place, key] of chunk.keys().entries()) {
    const name = typeof key === "number" ? list?.nameOf(key) : key;
    if (name === undefined) return undefined;
    const values = chunk.values(place).slice(from, to);
    if (!values.every((value) => Number.isNaN(value))) series.push({ ...name, values });
  }
  return { isEstimated: report.isEstimated, instants: instants.slice(from, to), series };
}

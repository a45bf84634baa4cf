import { ColumnEncoder, columnsOf, type Gap } from "@edgemere/protocol";
import { HOUR } from "@edgemere/protocol/kit";
import { appended, put, putBytes, replaced, whenLanded, type Change } from "../../platform/change.ts";
import { dated, type Dated } from "../../platform/dating.ts";
import type { Received } from "../../platform/feature.ts";
import { arrivalBytes } from "./arrivals.ts";
import { toBeReported } from "./chain-reporting.ts";
import { chunkBytes, type Chunk, type SeriesKey } from "./chunks.ts";
import type { TelemetryContext } from "./context.ts";
import { canBeTrue, datingsOf, laterOf, type Sampled } from "./dating.ts";
import { lastRow, latestAfter, latestBytes, latestOf } from "./latest.ts";
import { mergeAfter } from "./merging.ts";
import { sketchedBytes } from "./sketched.ts";
import {
  ARRIVALS,
  doubtful,
  doubtfulKey,
  hourOf,
  knownGaps,
  latestKey,
  reportKey,
  seriesListKey,
  sketchedKey,
  summaries,
  type KnownGap,
  type Summary,
} from "./tables.ts";
import { changedHours, madeDirty } from "./window-making.ts";

/** Writes one report after the other. */
const columns = new ColumnEncoder();

/** Keeps samples at the instants in which they were made, late ones too; what is lost becomes a known gap. */
export async function receiveTelemetry(
  received: Received,
  { store, telemetry }: TelemetryContext,
): Promise<readonly Change[]> {
  const { device, records, receivedAt, samples } = received;
  const { arrivals, landings, windows, seriesLists } = telemetry;
  const gaps = records.flatMap(({ body, gap, sequence, clockPeriod }) => {
    if (body !== "gap") return [];
    const known = gapOf({ gap, sequence, clockPeriod }, received);
    return [put(knownGaps, known), ...toBeReported(telemetry, device, hoursOf(known, telemetry.retention))];
  });
  const sampled = records.flatMap((record): readonly Sampled[] => {
    const telemetry = samples.get(record.sequence);
    return telemetry ? [{ record, telemetry }] : [];
  });
  if (sampled.length === 0) return gaps;

  const [before, listed, latest] = await Promise.all([
    store.get(summaries, device),
    store.bytes(seriesListKey(device)),
    store.bytes(latestKey(device)),
  ]);
  const list = seriesLists.of(device, listed);
  const datings = datingsOf(sampled, received, before?.newest);
  const [reports, sketched, aside]: [Chunk[], Change[], Change[]] = [[], [], []];
  for (const [place, each] of sampled.entries()) {
    const dating = datings[place];
    if (canBeTrue(each, dating, receivedAt)) {
      const report = reportOf(each, dating, receivedAt, (name) => list.keyOf(name));
      reports.push(report);
      sketched.push(...sketchesOf(device, each, report));
    } else aside.push(...setAside(each, received));
  }
  if (reports.length === 0) return [...gaps, ...aside];
  const hold = sampled
    .flatMap(({ telemetry }) => telemetry.series)
    .reduce((longest, { holdMs = 0 }) => Math.max(longest, holdMs), before?.longestHold ?? 0);

  const hours = changedHours(reports, { until: receivedAt, hold });
  // For how long a value stands is true of those before it as well.
  const from = list.isChanged ? -Infinity : Math.min(...reports.map(({ instants }) => instants[0] ?? -Infinity));
  return [
    ...gaps,
    ...aside,
    ...reports.map((report) => putBytes(keyOfReport(device, report), chunkBytes(report, columns))),
    ...sketched,
    ...(windows ? madeDirty(device, hours, from) : []),
    ...(landings ? [whenLanded(() => landings.add(device))] : []),
    ...toBeReported(telemetry, device, hours),
    ...(arrivals ? [arrivalChange(received, reports)] : []),
    ...(list.isChanged ? [putBytes(seriesListKey(device), list.bytes())] : []),
    putBytes(latestKey(device), latestBytes(latestAfter(latestOf(latest), reports, receivedAt), columns)),
    replaced(
      summaries,
      summaryAfter({ before, hold, hasSketches: sketched.length > 0 }, device, reports, receivedAt),
      before?.version ?? 0,
    ),
  ];
}

/** The samples of one record at the control plane's instants. A series that says nothing is left out. */
function reportOf(
  { record, telemetry }: Sampled,
  { offset, isEstimated }: Dated,
  receivedAt: number,
  keyOf: (series: TelemetrySeries) => SeriesKey,
): Chunk {
  const { sequence, clockPeriod } = record;
  const instants = Float64Array.from(telemetry.offsetMs, (each) => telemetry.baseMs + offset + each);
  const written = record.body === "telemetry" ? columnsOf(record.telemetry) : [];
  const series = telemetry.series.flatMap((each, place) =>
    lastRow(each.values) === undefined ? [] : [{ key: keyOf(each), values: each.values, written: written[place] }],
  );
  return {
    reports: [{ sequence, rows: instants.length, clockPeriod, offset, isEstimated, receivedAt }],
    instants,
    series: series.toSorted((a, b) => placeOf(a.key) - placeOf(b.key)),
  };
}

function sketchesOf(device: string, { telemetry }: Sampled, { reports: [report], instants }: Chunk): readonly Change[] {
  const bytes = sketchedBytes(telemetry.series, instants, columns);
  return bytes ? [putBytes(sketchedKey(device, instants[0] ?? 0, report?.sequence ?? 0), bytes)] : [];
}

type TelemetrySeries = Sampled["telemetry"]["series"][number];
const placeOf = (key: SeriesKey): number => (typeof key === "number" ? key : Number.MAX_VALUE);

const keyOfReport = (device: string, { reports: [report], instants }: Chunk): string =>
  reportKey(device, instants[0] ?? 0, report?.sequence ?? 0);

function summaryAfter(
  {
    before,
    hold,
    hasSketches,
  }: { readonly before: Summary | undefined; readonly hold: number; readonly hasSketches: boolean },
  device: string,
  reports: readonly Chunk[],
  receivedAt: number,
): Summary {
  let summary: Summary = before ?? {
    id: device,
    version: 0,
    longestSpan: 0,
    newest: { firstAt: 0, at: 0, offset: 0, isEstimated: false, clockPeriod: 0 },
    unmerged: 0,
  };
  for (const { reports: heads, instants, series } of reports) {
    const [firstAt, at] = [instants[0] ?? 0, instants[instants.length - 1] ?? 0];
    const { offset = 0, isEstimated = false, clockPeriod = 0 } = heads[0] ?? {};
    const unmerged = summary.unmerged + instants.length * series.length;
    summary = {
      ...summary,
      longestSpan: Math.max(summary.longestSpan, at - firstAt),
      newest: laterOf(summary.newest, { firstAt, at, offset, isEstimated, clockPeriod }),
      unmerged,
      mergeAt: mergeAfter(firstAt, { unmerged, mergeAt: summary.mergeAt, now: receivedAt }),
    };
  }
  return {
    ...summary,
    ...(hold > 0 && { longestHold: hold }),
    ...(hasSketches && { hasSketches }),
    version: summary.version + 1,
  };
}

function arrivalChange({ device, receivedAt }: Received, reports: readonly Chunk[]): Change {
  const places = reports.map(({ reports: [report], instants }) => [instants[0] ?? 0, report?.sequence ?? 0] as const);
  return appended(ARRIVALS, arrivalBytes({ device, receivedAt, reports: places }));
}

/** Samples whose time cannot be true are kept, and kept out of every chart. */
function setAside(sampled: Sampled, { device, clocks, receivedAt }: Received): readonly Change[] {
  const { record, telemetry } = sampled;
  const { sequence, clockPeriod } = record;
  const offset = clocks.find((each) => each.clockPeriod === clockPeriod)?.offset ?? 0;
  const row = { id: `${device}/${sequence}`, device, sequence, receivedAt, offset };
  return [
    put(doubtful, { ...row, deviceAt: telemetry.baseMs, rows: telemetry.offsetMs.length }),
    putBytes(
      doubtfulKey(row.id),
      chunkBytes(
        reportOf(sampled, { at: telemetry.baseMs + offset, offset, isEstimated: false }, receivedAt, (name) => name),
        columns,
      ),
    ),
  ];
}

/** Between the corrected instants; where one cannot be true the other stands for it. */
function gapOf(
  { sequence, clockPeriod, gap }: { sequence: number; clockPeriod: number; gap: Gap },
  { device, clocks, receivedAt }: Received,
): KnownGap {
  const [from, to] = [gap.fromMs, gap.toMs].map((atMs) => {
    const [instant] = dated([{ atMs, clockPeriod }], { clocks, receivedAt });
    return instant?.isEstimated === false ? instant.at : undefined;
  });
  const end = to ?? from ?? receivedAt;
  const bounds = { from: Math.min(from ?? end, end), to: end };
  const { records, reason } = gap;
  return { id: `${device}/${sequence}`, device, ...bounds, records, reason, receivedAt };
}

/** Hours of a gap that are told of at most: the newest. */
const GAP_HOURS_AT_MOST = 1_000;

/** The hours that a gap touches, as far back as samples are kept. */
function hoursOf({ from, to, receivedAt }: KnownGap, retention: number): readonly number[] {
  const last = hourOf(Math.min(to, receivedAt));
  const first = Math.max(hourOf(from), hourOf(receivedAt - retention), last - GAP_HOURS_AT_MOST * HOUR);
  return Array.from({ length: Math.max(0, (last - first) / HOUR + 1) }, (_, place) => first + place * HOUR);
}

import { ColumnEncoder, type Gap } from "@edgemere/protocol";
import { put, putBytes, replaced, type Change } from "../../platform/change.ts";
import { dated, type Dated } from "../../platform/dating.ts";
import type { Received } from "../../platform/feature.ts";
import { arrivalBytes } from "./arrivals.ts";
import { chunkBytes, type Chunk, type SeriesKey } from "./chunks.ts";
import type { TelemetryContext } from "./context.ts";
import { canBeTrue, datingsOf, laterOf, type Sampled } from "./dating.ts";
import { lastRow, latestAfter, latestBytes, latestOf } from "./latest.ts";
import { mergeAfter } from "./merging.ts";
import { SeriesList } from "./series-list.ts";
import {
  arrivalKey,
  doubtful,
  doubtfulKey,
  knownGaps,
  latestKey,
  reportKey,
  seriesListKey,
  summaries,
  type Summary,
} from "./tables.ts";
import { madeDirty } from "./window-making.ts";

/** Keeps samples at the instants in which they were made, late ones too; what is lost becomes a known gap. */
export async function receiveTelemetry(
  received: Received,
  { store, telemetry: { arrivals, windows } }: TelemetryContext,
): Promise<readonly Change[]> {
  const { device, records, receivedAt, samples } = received;
  const gaps = records.flatMap(({ body, gap, sequence, clockPeriod }) =>
    body === "gap" ? [gapChange({ gap, sequence, clockPeriod }, received)] : [],
  );
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
  const list = new SeriesList(listed);
  const columns = new ColumnEncoder();
  const datings = datingsOf(sampled, received, before?.newest);
  const [reports, aside]: [Chunk[], Change[]] = [[], []];
  for (const [place, each] of sampled.entries()) {
    const dating = datings[place];
    if (canBeTrue(each, dating, receivedAt))
      reports.push(reportOf(each, dating, receivedAt, (name) => list.keyOf(name)));
    else aside.push(...setAside(each, received, columns));
  }
  if (reports.length === 0) return [...gaps, ...aside];

  return [
    ...gaps,
    ...aside,
    ...reports.map((report) => putBytes(keyOfReport(device, report), chunkBytes(report, columns))),
    ...(windows ? madeDirty(device, reports) : []),
    ...(arrivals ? [arrivalChange(received, reports)] : []),
    ...(list.isChanged ? [putBytes(seriesListKey(device), list.bytes())] : []),
    putBytes(latestKey(device), latestBytes(latestAfter(latestOf(latest), reports, receivedAt), columns)),
    replaced(summaries, summaryAfter(before, device, reports, receivedAt), before?.version ?? 0),
  ];
}

/** The samples of one record at the control plane's instants. A series that says nothing is left out; of two with one name the last counts. */
function reportOf(
  { record, telemetry }: Sampled,
  { offset, isEstimated }: Dated,
  receivedAt: number,
  keyOf: (series: TelemetrySeries) => SeriesKey,
): Chunk {
  const { sequence, clockPeriod } = record;
  const instants = Float64Array.from(telemetry.offsetMs, (each) => telemetry.baseMs + offset + each);
  const named = new Map(
    telemetry.series
      .filter(({ values }) => lastRow(values) !== undefined)
      .map((series) => [`${series.metric}\u0000${series.instance}`, series]),
  );
  const series = [...named.values()].map((each) => ({ key: keyOf(each), values: each.values }));
  return {
    reports: [{ sequence, rows: instants.length, clockPeriod, offset, isEstimated, receivedAt }],
    instants,
    series: series.toSorted((a, b) => placeOf(a.key) - placeOf(b.key)),
  };
}

type TelemetrySeries = Sampled["telemetry"]["series"][number];
const placeOf = (key: SeriesKey): number => (typeof key === "number" ? key : Number.MAX_VALUE);

const keyOfReport = (device: string, { reports: [report], instants }: Chunk): string =>
  reportKey(device, instants[0] ?? 0, report?.sequence ?? 0);

function summaryAfter(
  before: Summary | undefined,
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
  return { ...summary, version: summary.version + 1 };
}

function arrivalChange({ device, receivedAt }: Received, reports: readonly Chunk[]): Change {
  const places = reports.map(({ reports: [report], instants }) => [instants[0] ?? 0, report?.sequence ?? 0] as const);
  return putBytes(
    arrivalKey(receivedAt, device, places[0]?.[1] ?? 0),
    arrivalBytes({ device, receivedAt, reports: places }),
  );
}

/** Samples whose time cannot be true are kept, and kept out of every chart. */
function setAside(
  sampled: Sampled,
  { device, clocks, receivedAt }: Received,
  columns: ColumnEncoder,
): readonly Change[] {
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
function gapChange(
  { sequence, clockPeriod, gap }: { sequence: number; clockPeriod: number; gap: Gap },
  { device, clocks, receivedAt }: Received,
): Change {
  const [from, to] = [gap.fromMs, gap.toMs].map((atMs) => {
    const [instant] = dated([{ atMs, clockPeriod }], { clocks, receivedAt });
    return instant?.isEstimated === false ? instant.at : undefined;
  });
  const end = to ?? from ?? receivedAt;
  const bounds = { from: Math.min(from ?? end, end), to: end };
  const { records, reason } = gap;
  return put(knownGaps, { id: `${device}/${sequence}`, device, ...bounds, records, reason, receivedAt });
}

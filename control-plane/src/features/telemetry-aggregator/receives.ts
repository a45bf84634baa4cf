import type { Gap } from "@edgemere/protocol";
import { put, putBytes, replaced, type Change } from "../../platform/change.ts";
import { dated, type Dated, type DeviceTime } from "../../platform/dating.ts";
import type { Received } from "../../platform/feature.ts";
import type { Store } from "../../platform/store.ts";
import { canBeTrue, chunkBytes, newestDating, type Sampled } from "./chunks.ts";
import type { TelemetryContext } from "./context.ts";
import { latestAfter } from "./latest.ts";
import { arrivalKey, chunkKey, doubtful, doubtfulKey, knownGaps, summaries } from "./tables.ts";

const encoder = new TextEncoder();

/** Keeps samples at the instants in which they were made, late ones too; what is lost becomes a known gap. */
export async function receiveTelemetry(received: Received, { store }: TelemetryContext): Promise<readonly Change[]> {
  const { device, records, receivedAt } = received;
  const gaps = records.flatMap(({ body, gap, sequence, clockPeriod }) =>
    body === "gap" ? [gapChange({ gap, sequence, clockPeriod }, received)] : [],
  );
  const sampled = records.flatMap((record): readonly Sampled[] =>
    record.body === "telemetry" ? [{ record, telemetry: record.telemetry }] : [],
  );
  const datings = await datingsOf(sampled, received, store);
  const [chunks, aside]: [(Sampled & { dating: Dated; key: string })[], Change[]] = [[], []];
  for (const [place, each] of sampled.entries()) {
    const dating = datings[place];
    if (!canBeTrue(each, dating, receivedAt)) aside.push(...setAside(each, received));
    else {
      const key = chunkKey(device, each.telemetry.baseMs + dating.offset, each.record.sequence);
      chunks.push({ ...each, dating, key });
    }
  }
  const [first] = chunks;
  if (first === undefined) return [...gaps, ...aside];

  const before = await store.get(summaries, device);
  const batches = chunks.map(({ telemetry, dating: { offset } }) => ({
    baseMs: telemetry.baseMs + offset,
    offsetMs: telemetry.offsetMs,
    series: telemetry.series,
  }));
  const summary = {
    id: device,
    version: (before?.version ?? 0) + 1,
    longestSpan: Math.max(before?.longestSpan ?? 0, ...batches.map(({ offsetMs }) => offsetMs.at(-1) ?? 0)),
    latest: latestAfter(before?.latest ?? [], batches, receivedAt),
  };
  return [
    ...gaps,
    ...aside,
    ...chunks.map((chunk) => putBytes(chunk.key, chunkBytes(chunk, chunk.dating))),
    putBytes(
      arrivalKey(receivedAt, device, first.record.sequence),
      encoder.encode(JSON.stringify(chunks.map(({ key }) => key))),
    ),
    replaced(summaries, summary, before?.version ?? 0),
  ];
}

/** A guess goes on from what is stored; that is looked at only when something must be guessed. */
async function datingsOf(sampled: readonly Sampled[], { device, clocks, receivedAt }: Received, store: Store) {
  const times: readonly DeviceTime[] = sampled.map(({ telemetry, record }) => ({
    atMs: telemetry.baseMs,
    clockPeriod: record.clockPeriod,
  }));
  const datings = dated(times, { clocks, receivedAt });
  if (!datings.some((each) => each?.isEstimated)) return datings;
  return dated(times, { clocks, receivedAt, before: await newestDating(store, device) });
}

/** Samples whose time cannot be true are kept, and kept out of every chart. */
function setAside(sampled: Sampled, { device, clocks, receivedAt }: Received): readonly Change[] {
  const { record, telemetry } = sampled;
  const { sequence, clockPeriod } = record;
  const offset = clocks.find((each) => each.clockPeriod === clockPeriod)?.offset ?? 0;
  const row = { id: `${device}/${sequence}`, device, sequence, receivedAt, offset };
  return [
    put(doubtful, { ...row, deviceAt: telemetry.baseMs, rows: telemetry.offsetMs.length }),
    putBytes(doubtfulKey(row.id), chunkBytes(sampled, { at: telemetry.baseMs + offset, offset, isEstimated: false })),
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

import { ColumnEncoder, limits } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { put, putBytes, removed, replaced, type Change } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { chunkBytes, StoredChunk, type Chunk } from "./chunks.ts";
import type { TelemetryContext } from "./context.ts";
import { latestOf } from "./latest.ts";
import { CELLS_AT_MOST, isOver, mergeAfter, Merging } from "./merging.ts";
import { numbersInReports } from "./reading.ts";
import { SeriesList } from "./series-list.ts";
import {
  arrivalsBetween,
  chunkId,
  chunkKey,
  doubtful,
  doubtfulKey,
  hourOf,
  knownGaps,
  latestKey,
  mergedChunks,
  reportsOf,
  seriesListKey,
  sketchedBetween,
  summaries,
  type MergedChunk,
  type Summary,
} from "./tables.ts";

// What one step removes: a commit stays small, however long the loop was away.
const STEP = 50;
// Reports that one step merges: each is decoded by itself.
const REPORTS = 200;

/** Removes samples and gaps that were kept long enough since they were made, and since they arrived. */
export const forgetOldSamples = ({ store, clock, log, telemetry }: TelemetryContext): Loop => ({
  name: "forget old samples",
  every: 10 * MINUTE,
  onError: (error) => log.error("loop failed", { loop: "forget old samples", error }),
  step: async () => {
    const before = clock.now() - telemetry.retention;
    const changes: Change[] = [];
    const chunks = await store.list(mergedChunks, { index: "age", limit: STEP });
    for (const { id, device, hour } of chunks.items.filter(({ to, receivedAt }) => Math.max(to, receivedAt) < before)) {
      changes.push(removed(mergedChunks, id), putBytes(chunkKey(id), undefined));
      for await (const [key] of store.bytesBetween(sketchedBetween(device, hour, hour + HOUR)))
        changes.push(putBytes(key, undefined));
    }
    const gaps = await store.list(knownGaps, { index: "received", limit: STEP });
    changes.push(...gaps.items.filter(({ receivedAt }) => receivedAt < before).map(({ id }) => removed(knownGaps, id)));
    const aside = await store.list(doubtful, { index: "received", limit: STEP });
    for (const { id } of aside.items.filter(({ receivedAt }) => receivedAt < before))
      changes.push(removed(doubtful, id), putBytes(doubtfulKey(id), undefined));
    const passed = clock.now() - Math.min(telemetry.arrivals ?? 0, telemetry.retention);
    for await (const [key] of store.bytesBetween({ ...arrivalsBetween(undefined, passed), limit: 10 * STEP }))
      changes.push(putBytes(key, undefined));
    if (changes.length === 0) return "settled";
    await store.commit(...changes);
    return "more";
  },
});

/** Puts reports of an hour that is over together, one chunk at a time; sooner where they are enough for a chunk. */
export const mergeReports = ({ store, clock, log }: TelemetryContext): Loop => ({
  name: "merge samples",
  every: 30 * SECOND,
  onError: (error) => log.error("loop failed", { loop: "merge samples", error }),
  step: async () => {
    const { items } = await store.list(summaries, { index: "due", limit: 1 });
    const [summary] = items;
    const now = clock.now();
    if (summary?.mergeAt === undefined || summary.mergeAt > now) return "settled";
    try {
      await mergeOldest(store, summary, now).catch(unlessMoved);
    } catch (error) {
      // One device's samples must not keep all others' from being merged.
      log.error("samples could not be merged", { device: summary.id, error });
      await store.commit(changed(summary, { mergeAt: now + HOUR })).catch(unlessMoved);
    }
    return "more";
  },
});

const changed = (summary: Summary, change: Partial<Summary>): Change =>
  replaced(summaries, { ...summary, ...change, version: summary.version + 1 }, summary.version);

async function mergeOldest(store: Store, summary: Summary, now: number): Promise<void> {
  const { id: device } = summary;
  const list = SeriesList.of(await store.bytes(seriesListKey(device)));
  const merging = new Merging((key) => list.nameOf(key));
  const keys: string[] = [];
  let [cells, hour, next]: [number, number | undefined, number | undefined] = [0, undefined, undefined];
  for await (const [key, bytes] of store.bytesBetween({ ...reportsOf(device), limit: REPORTS + 1 })) {
    const report = new StoredChunk(bytes);
    const firstAt = report.instants()[0] ?? 0;
    hour ??= hourOf(firstAt);
    if (hourOf(firstAt) !== hour || keys.length === REPORTS || !merging.takes(report)) {
      next = firstAt;
      break;
    }
    keys.push(key);
    cells += report.cells;
  }
  if (hour === undefined) return store.commit(changed(summary, { mergeAt: undefined, unmerged: 0 }));
  if (!isOver(hour, now) && summary.unmerged < CELLS_AT_MOST)
    return store.commit(changed(summary, { mergeAt: mergeAfter(hour, { unmerged: summary.unmerged, now }) }));

  const last = await lastPart(store, device, hour);
  const kept = last && (await store.bytes(chunkKey(last.id)));
  const isContinued = kept !== undefined && merging.takes(new StoredChunk(kept));
  const part = isContinued ? (last?.part ?? 0) : (last?.part ?? -1) + 1;
  const chunk = merging.merged();
  const bytes = chunkBytes(chunk, new ColumnEncoder());
  const row = { id: chunkId(device, hour, part), device, hour, part, bytes: bytes.length, ...extentOf(chunk) };
  const unmerged = next === undefined ? 0 : Math.max(0, summary.unmerged - cells);
  await store.commit(
    put(mergedChunks, row),
    putBytes(chunkKey(row.id), bytes),
    ...keys.map((key) => putBytes(key, undefined)),
    ...(await forgottenNames(store, device, list, keys)),
    changed(summary, { unmerged, mergeAt: nextMerge(next, unmerged, now) }),
  );
}

const nextMerge = (next: number | undefined, unmerged: number, now: number): number | undefined =>
  next === undefined ? undefined : isOver(hourOf(next), now) ? now : mergeAfter(next, { unmerged, now });

function extentOf({ reports, instants, series }: Chunk) {
  let [from, to] = [Infinity, -Infinity];
  for (let row = 0; row < instants.length; row++) {
    from = Math.min(from, instants[row] ?? from);
    to = Math.max(to, instants[row] ?? to);
  }
  const receivedAt = reports.reduce((latest, each) => Math.max(latest, each.receivedAt), 0);
  return { from, to, cells: instants.length * series.length, receivedAt };
}

async function lastPart(store: Store, device: string, hour: number): Promise<MergedChunk | undefined> {
  let last: MergedChunk | undefined;
  for await (const chunk of store.scan(mergedChunks, { from: chunkId(device, hour, 0) })) {
    if (chunk.device !== device || chunk.hour !== hour) break;
    last = chunk;
  }
  return last;
}

/** Names that nothing needs any more, when there are many: neither the newest values nor reports that are still to be merged. */
async function forgottenNames(
  store: Store,
  device: string,
  list: SeriesList,
  merged: readonly string[],
): Promise<readonly Change[]> {
  if (list.size <= 2 * limits.telemetrySeries) return [];
  const needed = new Set(latestOf(await store.bytes(latestKey(device))).map(({ series }) => series));
  for (const number of await numbersInReports(store, device, new Set(merged))) needed.add(number);
  const rest = list.without((series) => !needed.has(series));
  return rest.isChanged ? [putBytes(seriesListKey(device), rest.bytes())] : [];
}

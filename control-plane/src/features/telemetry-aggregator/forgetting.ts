import { ColumnEncoder } from "@edgemere/protocol";
import { HOUR, SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved, put, putBytes, removed, replaced, type Change } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { toBeReported } from "./chain-reporting.ts";
import type { TelemetryContext } from "./context.ts";
import { forgetting, type Forgetting } from "./forgetting-contract.ts";
import { latestBytes, latestOf } from "./latest.ts";
import { numbersInReports } from "./reading.ts";
import { SeriesList } from "./series-list.ts";
import {
  chunkId,
  chunkKey,
  doubtful,
  doubtfulKey,
  FARTHEST,
  forgettingProgress,
  knownGaps,
  latestKey,
  mergedChunks,
  reportsBefore,
  reportsOf,
  seriesListKey,
  sketchedBetween,
  summaries,
} from "./tables.ts";
import { forgottenWindows, hasWindowsUnderWay } from "./window-forgetting.ts";
import { toldStats } from "./window-tables.ts";

// What one step removes: a commit stays small, however much there is.
const STEP = 100;

/** Removes what somebody wants to be forgotten, device by device. */
export const forgetAsked = ({ store, log, telemetry }: TelemetryContext): Loop => ({
  name: "forget telemetry that somebody asked to forget",
  every: 10 * SECOND,
  onError: (error) => log.error("loop failed", { loop: "forget telemetry that somebody asked to forget", error }),
  step: async () => {
    const { items } = await store.list(forgetting, { index: "asked", limit: 1 });
    const [asked] = items;
    if (asked === undefined) return "settled";
    const changes = await forgotten(store, asked);
    if (changes.length > 0) {
      await store.commit(...changes);
      return "more";
    }
    const progress = await store.get(forgettingProgress, asked.id);
    const from = progress?.asked === asked.version ? progress.windowsFrom : undefined;
    // Their samples are gone: what is made from now on has none of them. Where windows are made no more, nothing is under way.
    const areMade = telemetry.windows !== undefined;
    if (from === undefined && areMade && (await hasWindowsUnderWay(store, asked.id))) return "settled";
    const windows = await forgottenWindows(store, asked, from);
    const rest = windows.next === undefined ? await ending(store, asked) : [goneOn(asked, windows.next)];
    const told = toBeReported(telemetry, asked.id, windows.hours);
    await store.commit(...windows.changes, ...told, ...rest).catch(unlessMoved);
    return "more";
  },
});

const goneOn = ({ id, version }: Forgetting, windowsFrom: string): Change =>
  put(forgettingProgress, { id, asked: version, windowsFrom });

async function forgotten(store: Store, { device, before }: Forgetting): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for await (const [key] of store.bytesBetween({ ...reportsBefore(device, before), limit: STEP }))
    changes.push(putBytes(key, undefined));
  for await (const [key] of store.bytesBetween({ ...sketchedBetween(device, 0, before), limit: STEP }))
    changes.push(putBytes(key, undefined));
  for await (const chunk of store.scan(mergedChunks, { from: chunkId(device, 0, 0), limit: STEP })) {
    if (chunk.device !== device || chunk.hour >= before) break;
    changes.push(removed(mergedChunks, chunk.id), putBytes(chunkKey(chunk.id), undefined));
  }
  for await (const gap of store.scan(knownGaps, { index: "device", prefix: [device], limit: STEP })) {
    if (gap.to >= before) break;
    changes.push(removed(knownGaps, gap.id));
  }
  const aside = await store.list(doubtful, { index: "device", prefix: [device], limit: STEP });
  for (const { id } of aside.items.filter(({ receivedAt }) => receivedAt < before))
    changes.push(removed(doubtful, id), putBytes(doubtfulKey(id), undefined));
  return changes;
}

/** The newest values and the names go with the rest. */
async function ending(store: Store, asked: Forgetting): Promise<readonly Change[]> {
  const { id, before } = asked;
  const names = before === FARTHEST ? await namesGone(store, id) : [];
  return [moved(forgetting, asked, "finish"), removed(forgettingProgress, id), ...names];
}

/** All but what reports need that have come meanwhile. One that comes in between is known by the summary: then this fails with Conflict. */
async function namesGone(store: Store, id: string): Promise<readonly Change[]> {
  const summary = await store.get(summaries, id);
  if (summary === undefined) return [];
  const needed = await numbersInReports(store, id);
  const list = SeriesList.of(await store.bytes(seriesListKey(id))).without((number) => !needed.has(number));
  const latest = latestOf(await store.bytes(latestKey(id))).filter(({ series }) => needed.has(series));
  const { version } = summary;
  return [
    putBytes(seriesListKey(id), list.size === 0 ? undefined : list.bytes()),
    putBytes(latestKey(id), latest.length === 0 ? undefined : latestBytes(latest, new ColumnEncoder())),
    replaced(summaries, { ...summary, version: version + 1 }, version),
  ];
}

/**
 * Removes what stays of a retired device when the last of its samples was forgotten for its age: its newest values, the names of its series.
 * A device that is retired reports nothing any more.
 */
export const forgetRetired = ({ store, log }: TelemetryContext): Loop => ({
  name: "forget names of retired devices",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget names of retired devices", error }),
  step: async () => {
    for await (const { id } of store.scan(device, { index: "life", prefix: ["retired"] })) {
      if ((await store.get(summaries, id)) === undefined || (await hasSamples(store, id))) continue;
      await store.commit(
        putBytes(latestKey(id), undefined),
        putBytes(seriesListKey(id), undefined),
        removed(summaries, id),
        removed(toldStats, id),
      );
    }
    return "settled";
  },
});

async function hasSamples(store: Store, device: string): Promise<boolean> {
  for await (const _ of store.bytesBetween({ ...reportsOf(device), limit: 1 })) return true;
  for await (const chunk of store.scan(mergedChunks, { from: chunkId(device, 0, 0), limit: 1 }))
    return chunk.device === device;
  return false;
}

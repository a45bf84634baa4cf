import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { putBytes, removed, replaced, type Change } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import type { TelemetryContext } from "./context.ts";
import {
  chunkId,
  chunkKey,
  doubtful,
  doubtfulKey,
  FARTHEST,
  forgettings,
  knownGaps,
  latestKey,
  mergedChunks,
  reportsBefore,
  summaries,
  type Forgetting,
} from "./tables.ts";
import { forgottenWindows, hasWindowsUnderWay } from "./window-forgetting.ts";

// What one step removes: a commit stays small, however much there is.
const STEP = 100;

/** Removes what somebody wants to be forgotten, device by device. */
export const forgetAsked = ({ store, log }: TelemetryContext): Loop => ({
  name: "forget telemetry that somebody asked to forget",
  every: 10 * SECOND,
  onError: (error) => log.error("loop failed", { loop: "forget telemetry that somebody asked to forget", error }),
  step: async () => {
    const { items } = await store.list(forgettings, { limit: 1 });
    const [asked] = items;
    if (asked === undefined) return "settled";
    const changes = await forgotten(store, asked);
    if (changes.length > 0) {
      await store.commit(...changes);
      return "more";
    }
    // Their samples are gone: what is made from now on has none of them.
    if (asked.windowsFrom === undefined && (await hasWindowsUnderWay(store, asked.id))) return "settled";
    const windows = await forgottenWindows(store, asked, asked.windowsFrom);
    const rest = windows.next === undefined ? await ending(store, asked) : [goneOn(asked, windows.next)];
    await store.commit(...windows.changes, ...rest).catch(unlessMoved);
    return "more";
  },
});

const goneOn = (asked: Forgetting, windowsFrom: string): Change =>
  replaced(forgettings, { ...asked, version: asked.version + 1, windowsFrom }, asked.version);

async function forgotten(store: Store, { id: device, before }: Forgetting): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for await (const [key] of store.bytesBetween({ ...reportsBefore(device, before), limit: STEP }))
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

/** The newest values go with the rest. The names stay: they are few, and a report may be on its way that has their numbers. */
async function ending(store: Store, { id: device, before, version: asked }: Forgetting): Promise<readonly Change[]> {
  const done = removed(forgettings, device, asked);
  const summary = await store.get(summaries, device);
  if (before !== FARTHEST || summary === undefined) return [done];
  const { version } = summary;
  // A report that came in between is known by its summary: then this is done anew.
  return [
    done,
    putBytes(latestKey(device), undefined),
    replaced(summaries, { ...summary, version: version + 1 }, version),
  ];
}

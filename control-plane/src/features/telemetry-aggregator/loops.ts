import { MINUTE, type Loop } from "@edgemere/protocol/kit";
import { putBytes, removed, type Change } from "../../platform/change.ts";
import type { TelemetryContext } from "./context.ts";
import { arrivalsBefore, doubtful, doubtfulKey, knownGaps } from "./tables.ts";

// Arrivals and gaps that one step removes: a commit stays small, however long the loop was away.
const STEP = 50;
const decoder = new TextDecoder();

/** Removes samples and gaps that arrived longer ago than they are kept. */
export const forgetOldSamples = ({ store, clock, log, telemetry }: TelemetryContext): Loop => ({
  name: "forget old samples",
  every: 10 * MINUTE,
  onError: (error) => log.error("loop failed", { loop: "forget old samples", error }),
  step: async () => {
    const before = clock.now() - telemetry.retention;
    const changes: Change[] = [];
    for await (const [key, bytes] of store.bytesBetween({ ...arrivalsBefore(before), limit: STEP })) {
      const chunks = JSON.parse(decoder.decode(bytes)) as readonly string[];
      changes.push(...[key, ...chunks].map((each) => putBytes(each, undefined)));
    }
    const gaps = await store.list(knownGaps, { index: "received", limit: STEP });
    changes.push(...gaps.items.filter(({ receivedAt }) => receivedAt < before).map(({ id }) => removed(knownGaps, id)));
    const aside = await store.list(doubtful, { index: "received", limit: STEP });
    for (const { id } of aside.items.filter(({ receivedAt }) => receivedAt < before))
      changes.push(removed(doubtful, id), putBytes(doubtfulKey(id), undefined));
    if (changes.length === 0) return "settled";
    await store.commit(...changes);
    return "more";
  },
});

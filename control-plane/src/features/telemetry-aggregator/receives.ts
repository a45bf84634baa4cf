import { v1, type Gap, type TelemetryBatch } from "@edgemere/protocol";
import { put, putBytes, replaced, type Change } from "../../platform/change.ts";
import type { Received } from "../../platform/feature.ts";
import type { TelemetryContext } from "./context.ts";
import { latestAfter } from "./latest.ts";
import { arrivalKey, chunkKey, knownGaps, summaries } from "./tables.ts";

const encoder = new TextEncoder();

/** Keeps samples as they came, late ones too; what is lost becomes a known gap. */
export async function receiveTelemetry(received: Received, { store }: TelemetryContext): Promise<readonly Change[]> {
  const { device, records, receivedAt } = received;
  const gaps = records.flatMap(({ sequence, body, gap }) =>
    body === "gap" && gap ? [gapChange(gap, { device, sequence, receivedAt })] : [],
  );
  const chunks = records.flatMap(({ sequence, body, telemetry }) =>
    body === "telemetry" && telemetry
      ? [{ sequence, batch: telemetry, key: chunkKey(device, telemetry.baseMs, sequence) }]
      : [],
  );
  const [first] = chunks;
  if (first === undefined) return gaps;

  const before = await store.get(summaries, device);
  const batches = chunks.map(({ batch }) => batch);
  const summary = {
    id: device,
    version: (before?.version ?? 0) + 1,
    longestSpan: Math.max(before?.longestSpan ?? 0, ...batches.map(spanOf)),
    latest: latestAfter(before?.latest ?? [], batches, receivedAt),
  };
  return [
    ...gaps,
    ...chunks.map(({ key, batch }) => putBytes(key, v1.TelemetryBatch.encode(batch).finish())),
    putBytes(
      arrivalKey(receivedAt, device, first.sequence),
      encoder.encode(JSON.stringify(chunks.map(({ key }) => key))),
    ),
    replaced(summaries, summary, before?.version ?? 0),
  ];
}

const spanOf = ({ offsetMs }: TelemetryBatch) => offsetMs.at(-1) ?? 0;

const gapChange = (
  { fromMs, toMs, records, reason }: Gap,
  { device, sequence, receivedAt }: { device: string; sequence: number; receivedAt: number },
): Change =>
  put(knownGaps, { id: `${device}/${sequence}`, device, from: fromMs, to: toMs, records, reason, receivedAt });

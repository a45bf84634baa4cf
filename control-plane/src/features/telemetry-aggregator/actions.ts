import { HOUR } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { device } from "../devices/contract.ts";
import { samplesOf } from "./chunks.ts";
import { latestValues, listDoubtful, listMetrics, readHistory } from "./contract.ts";
import type { TelemetryContext } from "./context.ts";
import { Gathering } from "./history.ts";
import { joined, silences } from "./silence.ts";
import { chunksBetween, doubtful, knownGaps, summaries, type KnownGap } from "./tables.ts";

// One question may not make the control plane hold or read the whole history.
const BYTES_AT_MOST = 64 * 1024 * 1024;
const SAMPLES_AT_MOST = 4_000_000;
const GAPS_AT_MOST = 1_000;

const latestOf = async (id: string, { store }: TelemetryContext) =>
  ((await store.get(summaries, id))?.latest ?? []).toSorted((a, b) =>
    a.metric === b.metric ? (a.instance < b.instance ? -1 : 1) : a.metric < b.metric ? -1 : 1,
  );

export const telemetryActions = [
  handle(latestValues, async ({ device: ref }, context: TelemetryContext) => {
    const { id } = await resolve(context.store, device, ref);
    return { device: id, values: await latestOf(id, context) };
  }),
  handle(listMetrics, async ({ device: ref }, context: TelemetryContext) => {
    const { id } = await resolve(context.store, device, ref);
    return { metrics: (await latestOf(id, context)).map(({ metric, instance }) => ({ metric, instance })) };
  }),
  handle(readHistory, async ({ device: ref, metric, points = 1_000, ...range }, context: TelemetryContext) => {
    const { id, createdAt } = await resolve(context.store, device, ref);
    const to = range.to ?? context.clock.now();
    const from = range.from ?? to - HOUR;
    if (from > to) throw new Problem("invalid-input", `"from" (${from}) must not be after "to" (${to})`);
    const gathering = await gather(id, new Gathering({ from, to, metrics: metric }), { from, to }, context);
    const known = await gapsBetween(id, { from, to }, context);
    // Before it enrolled nobody expected anything of it, and after now nobody does yet.
    const expected = { from: Math.max(from, createdAt), to: Math.min(to, context.clock.now()) };
    const silent = silences(gathering.spans, expected, known).map((each) => ({
      ...each,
      records: 0,
      reason: "silence",
    }));
    return {
      device: id,
      from,
      to,
      series: [...gathering.series(points)],
      gaps: [...known, ...silent].sort((a, b) => a.from - b.from),
      estimated: joined(gathering.spans.filter(({ isEstimated }) => isEstimated)).map((each) => ({ ...each })),
    };
  }),
  handle(listDoubtful, async ({ device: ref, limit = 50, cursor }, { store }: TelemetryContext) => {
    const { id } = await resolve(store, device, ref);
    const page = await store.list(doubtful, { index: "device", prefix: [id], limit, cursor, reverse: true });
    return { ...page, items: [...page.items] };
  }),
];

async function gather(
  id: string,
  gathering: Gathering,
  { from, to }: { from: number; to: number },
  { store }: TelemetryContext,
): Promise<Gathering> {
  const { longestSpan = 0 } = (await store.get(summaries, id)) ?? {};
  let bytesRead = 0;
  for await (const [, bytes] of store.bytesBetween(chunksBetween(id, from - longestSpan, to))) {
    bytesRead += bytes.length;
    if (bytesRead > BYTES_AT_MOST || gathering.size > SAMPLES_AT_MOST)
      throw new Problem(
        "too-large",
        "there are too many samples in this range to read at once; ask for a shorter one, or for fewer metrics",
      );
    gathering.add(samplesOf(bytes));
  }
  return gathering;
}

async function gapsBetween(id: string, { from, to }: { from: number; to: number }, { store }: TelemetryContext) {
  const found: KnownGap[] = [];
  for await (const gap of store.scan(knownGaps, { index: "device", prefix: [id], reverse: true })) {
    if (gap.to < from || found.length === GAPS_AT_MOST) break;
    if (gap.from <= to) found.push(gap);
  }
  return found.reverse().map(({ from, to, records, reason }) => ({ from, to, records, reason }));
}

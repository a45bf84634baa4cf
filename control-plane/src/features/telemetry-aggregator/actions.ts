import { HOUR } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { created, moved, updated, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { arrivalsAfter, cursorAt, type ArrivedReport } from "./arrivals.ts";
import type { ChainedDevice } from "./chain-tables.ts";
import { chainedDeviceOf, knownOfChildren } from "./chained-devices.ts";
import { historyOfChained } from "./chained-history.ts";
import { newestOfChained } from "./chained-reading.ts";
import { byName } from "./chunks.ts";
import {
  forgetHistory,
  forgetting,
  latestValues,
  listDoubtful,
  listMetrics,
  readArrivals,
  readHistory,
} from "./contract.ts";
import type { TelemetryContext } from "./context.ts";
import type { Forgetting } from "./forgetting-contract.ts";
import { thinned } from "./history.ts";
import { newestValues } from "./newest.ts";
import { gapsBetween, readSamples } from "./reading.ts";
import { joined, silences } from "./silence.ts";
import { doubtful, FARTHEST, hourOf } from "./tables.ts";

/** The newest values of a device by metric and instance, and of how far they are known: of this control plane's samples, or of what a child handed up. */
async function newestOf(ref: string, { store }: TelemetryContext) {
  const chained = await chainedDeviceOf(store, ref);
  if (chained === undefined) {
    const { id } = await resolve(store, device, ref);
    return { device: id, resolution: "samples", values: (await newestValues(id, store)).toSorted(byName) };
  }
  const values = (await newestOfChained(store, chained.id, chained.newestHour, () => true)).toSorted(byName);
  return { device: chained.id, resolution: "1m", ...(await told(chained, store)), values };
}

async function told(row: ChainedDevice, store: Store) {
  const [by] = await knownOfChildren([row], store);
  return by === undefined ? {} : { child: { ...by, origin: row.origin } };
}

/** What a child handed up, in the shape of samples that lie here. */
async function chainedHistory(
  row: ChainedDevice,
  asked: Pick<Parameters<typeof historyOfChained>[2], "from" | "to" | "metrics" | "points" | "extremes">,
  { store, clock, telemetry }: TelemetryContext,
) {
  const { keepMinutes = Infinity, keepHours = Infinity } = telemetry.windows ?? {};
  const minutesFrom = clock.now() - keepMinutes;
  const resolution = asked.from >= minutesFrom ? "minutes" : "hours";
  const from = Math.max(asked.from, clock.now() - keepHours);
  const known = await told(row, store);
  const wanted = { ...asked, from, resolution, minutesFrom, knownUpTo: known.child?.knownUpTo } as const;
  return {
    device: row.id,
    resolution: { minutes: "1m", hours: "1h" }[resolution],
    ...known,
    ...(await historyOfChained(store, row, wanted)),
  };
}

/** Rows without a value are left out. */
const shownArrival = ({ device, receivedAt, isEstimated, instants, series }: ArrivedReport) => ({
  device,
  arrivedAt: receivedAt,
  isEstimated,
  series: series.map(({ metric, instance, values }) => {
    const rows = [...values.keys()].filter((row) => !Number.isNaN(values[row]));
    return { metric, instance, at: rows.map((row) => instants[row] ?? 0), value: rows.map((row) => values[row] ?? 0) };
  }),
});

export const telemetryActions = [
  handle(latestValues, ({ device: ref }, context: TelemetryContext) => newestOf(ref, context)),
  handle(listMetrics, async ({ device: ref }, context: TelemetryContext) => {
    const { values } = await newestOf(ref, context);
    return { metrics: values.map(({ metric, instance }) => ({ metric, instance })) };
  }),
  handle(
    readHistory,
    async ({ device: ref, metric, points = 1_000, extremes, ...range }, context: TelemetryContext) => {
      const to = range.to ?? context.clock.now();
      const from = range.from ?? to - HOUR;
      if (from > to) throw new Problem("invalid-input", `"from" (${from}) must not be after "to" (${to})`);
      const chained = await chainedDeviceOf(context.store, ref);
      if (chained !== undefined) {
        const asked = { from, to, metrics: metric, points, extremes };
        return { from, to, ...(await chainedHistory(chained, asked, context)), estimated: [] };
      }
      const { id, createdAt } = await resolve(context.store, device, ref);
      const { series, spans } = await readSamples(context.store, id, { from, to, metrics: metric });
      const known = await gapsBetween(context.store, id, { from, to });
      // Before it enrolled nobody expected anything of it, and after now nobody does yet.
      const expected = { from: Math.max(from, createdAt), to: Math.min(to, context.clock.now()) };
      const silent = silences(spans, expected, known).map((each) => ({
        ...each,
        records: 0,
        reason: "silence",
      }));
      return {
        device: id,
        resolution: "samples",
        from,
        to,
        series: series.map((each) => ({
          metric: each.metric,
          instance: each.instance,
          ...thinned(each, { from, to, points, extremes }),
        })),
        gaps: [...known, ...silent].sort((a, b) => a.from - b.from),
        estimated: joined(spans.filter(({ isEstimated }) => isEstimated)).map((each) => ({ ...each })),
      };
    },
  ),
  handle(readArrivals, async ({ after, since = 0, limit = 100 }, { store, telemetry }: TelemetryContext) => {
    const given = after === undefined ? cursorAt(since) : Buffer.from(after, "base64url").toString();
    const { reports, cursor } = await arrivalsAfter(store, { cursor: given, limit });
    const position = Buffer.from(cursor).toString("base64url");
    return { arrivals: reports.map(shownArrival), position, isKept: telemetry.arrivals !== undefined };
  }),
  handle(listDoubtful, async ({ device: ref, limit = 50, cursor }, { store }: TelemetryContext) => {
    const { id } = await resolve(store, device, ref);
    const page = await store.list(doubtful, { index: "device", prefix: [id], limit, cursor, reverse: true });
    return { ...page, items: [...page.items] };
  }),
  handle(forgetHistory, async ({ device: ref, before }, { store }: TelemetryContext, { actor }) => {
    const { id } = await resolve(store, device, ref);
    const asked = before === undefined ? FARTHEST : hourOf(before);
    await repeatOnConflict(async () => store.commit(asking(await store.get(forgetting, id), id, asked, actor)));
    return { device: id, ...(before !== undefined && { before: asked }) };
  }),
];

/** Somebody may have asked for more, and it is not done yet. */
function asking(known: Forgetting | undefined, device: string, before: number, author: string): Change {
  if (known === undefined) return created(forgetting, device, { device, before, author });
  if (known.state === "done") return moved(forgetting, known, "ask", { before, author });
  return updated(forgetting, known, { before: Math.max(before, known.before), author });
}

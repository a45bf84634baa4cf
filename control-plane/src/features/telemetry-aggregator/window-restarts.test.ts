import assert from "node:assert/strict";
import { test } from "node:test";
import { inColumns, pack } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { startTestCore, type CoreContext } from "../../platform/core.test-support.ts";
import { memoryDatabase } from "../../platform/database.ts";
import { mortal } from "../../platform/database.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { createAggregatedDevice, queryTelemetry } from "./contract.ts";
import { SeriesLists, telemetryAggregator, type TelemetryContext } from "./index.ts";

const BEGIN = 20_000 * DAY;
const stats = { every: 5 * MINUTE, metrics: ["load"] };
const windows = { every: MINUTE, keepMinutes: 7 * DAY, keepHours: 730 * DAY, stats };

/** The last one belongs into the hour of the first. */
const records = [0, 20, 65, 5].map((minutes, place) => ({
  sequence: place + 1,
  atMs: BEGIN + minutes * MINUTE,
  telemetry: {
    baseMs: BEGIN + minutes * MINUTE,
    offsetMs: [0, 10_000],
    series: [{ metric: "load", instance: "", values: [place + 1, 100] }],
  },
}));

/** After so many of some 110 writes: of reports first, then of windows, at the end of those of the group. */
const deaths = [2, 3, 5, 9, 24, 41, 60, 79, 86, 93, 100, 107].map((death) => [death, death % 2 === 0] as const);

test("a power cut before or after any write, and records that come again, count nothing twice and lose nothing", async () => {
  for (const [death, hasLanded] of deaths) {
    const [database, clock] = [memoryDatabase(), new ManualClock(BEGIN)];
    const context = { telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists(), windows } };
    const begun = { ...database, close: () => Promise.resolve() };
    for (const each of [begun, mortal(database, death, hasLanded), database]) {
      await using world = await startTestCore<CoreContext & TelemetryContext>({
        features: [telemetryAggregator],
        context,
        clock,
        database: each,
      });
      if (each === begun) {
        await world.store.commit(aDevice("d1", { labels: { site: "x" } }));
        await world.call(createAggregatedDevice, { name: "all", selector: "site=x", metrics: ["load"] });
      }
      for (const record of each === begun ? [] : records) {
        const batch = { ...inColumns([record]), firstUnacknowledged: 1, sessionEpoch: 1 };
        const arriving = world.arrived("d1", pack("telemetry", { device: "d1" }, batch)).catch(() => undefined);
        // Where the store is broken the link tries on, as long as its control plane lives.
        await Promise.all([world.advance(20 * MINUTE), ...(each === database ? [arriving] : [])]);
      }
      if (each !== database) continue;
      await world.advance(2 * HOUR);
      const range = { metric: ["load"], from: BEGIN, to: BEGIN + 2 * HOUR, step: "1h" } as const;
      const told = async (what: "count" | "sum", group: { adevice: string } | { device: string }) =>
        (await world.call(queryTelemetry, { ...range, metric: ["load"], function: what, ...group })).series[0]?.value;
      for (const group of [{ adevice: "all" }, { device: "d1" }])
        assert.deepEqual(
          [await told("count", group), await told("sum", group)],
          [
            [6, 2],
            [307, 103],
          ],
        );
      const windowsTold = (await world.store.events(0, 10_000))
        .filter(({ type }) => type === "device.stats")
        .map(({ data }) => (data as { stats: { to: number } }).stats.to);
      assert.deepEqual(windowsTold, [...new Set(windowsTold)]);
    }
  }
});

import { DAY } from "@edgemere/protocol/kit";
import type { ManualClock } from "@edgemere/protocol/simulated";
import type { Database } from "../../platform/database.ts";
import { startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { SeriesLists, telemetryAggregator, type TelemetryContext } from "./index.ts";

export type World = TestCore<CoreContext & TelemetryContext>;

interface Setting extends Partial<TelemetryContext["telemetry"]> {
  readonly clock?: ManualClock;
  readonly database?: Database;
}

/** A core with this feature alone, and two devices, d1 and d2. */
export async function startWorld({ clock, database, ...telemetry }: Setting = {}): Promise<World> {
  const world = await startTestCore<CoreContext & TelemetryContext>({
    features: [telemetryAggregator],
    context: { telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists(), ...telemetry } },
    ...(clock && { clock }),
    ...(database && { database }),
  });
  await world.store.commit(aDevice("d1", { name: "gw-1" }), aDevice("d2"));
  return world;
}

/** An instant that can be read: `2026-03-29T12:00:00Z`. */
// eslint-disable-next-line no-restricted-globals -- reads a text and no clock
export const instant = (text: string): number => Date.parse(text);

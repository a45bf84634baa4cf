import { HOUR, type Loop } from "@edgemere/protocol/kit";
import { putBytes } from "../../platform/change.ts";
import { forgetChained } from "./chain-forgetting.ts";
import type { TelemetryContext, WindowsOptions } from "./context.ts";
import { forgetGroupWindows, makeGroupWindows } from "./group-loops.ts";
import { makeWindows } from "./window-passes.ts";
import { resolutions, windowsBefore, type Resolution } from "./window-tables.ts";

/** Entries of old windows that one step removes. */
const REMOVED_AT_ONCE = 1_000;

/** Removes windows of each resolution that are older than they are kept. */
const forgetOldWindows = ({ store, clock, log }: TelemetryContext, keep: WindowsOptions): Loop => ({
  name: "forget old windows",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old windows", error }),
  step: async () => {
    const kept = { minutes: keep.keepMinutes, hours: keep.keepHours } as const;
    let found = 0;
    for (const resolution of Object.keys(resolutions) as Resolution[]) {
      const before = clock.now() - kept[resolution] - resolutions[resolution].period;
      const keys: string[] = [];
      for await (const [key] of store.bytesBetween({ ...windowsBefore(resolution, before), limit: REMOVED_AT_ONCE }))
        keys.push(key);
      await store.commit(...keys.map((key) => putBytes(key, undefined)));
      found += keys.length;
    }
    return found < REMOVED_AT_ONCE ? "settled" : "more";
  },
});

/** None where no windows are made beforehand. */
export const loopsOfWindows = (context: TelemetryContext): readonly Loop[] => {
  const { windows } = context.telemetry;
  if (windows === undefined) return [];
  return [
    makeWindows(context, windows),
    forgetOldWindows(context, windows),
    forgetChained(context, windows),
    makeGroupWindows(context),
    forgetGroupWindows(context, windows),
  ];
};

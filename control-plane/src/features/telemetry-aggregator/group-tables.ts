import { keyOf, rangeOf } from "../../platform/keys.ts";
import { table } from "../../platform/resource.ts";
import type { Resolution } from "./window-tables.ts";

/** Where the windows of a metric of an aggregated device lie: what is read together in one go. */
export const groupKey = (adevice: string, metric: string, resolution: Resolution, period: number) =>
  keyOf("telemetrygroups", adevice, metric, resolution, period);
export const groupWindowsOf = (...parts: readonly [adevice?: string, metric?: string, resolution?: Resolution]) =>
  rangeOf("telemetrygroups", ...parts.filter((part) => part !== undefined));

/** An hour of an aggregated device whose windows do not hold all samples of its devices yet. */
export interface GroupHour {
  readonly id: string;
  readonly adevice: string;
  /** When it begins. */
  readonly hour: number;
}
/** Written in one commit with the windows of a device in it. */
export const dirtyGroupHours = table<GroupHour>("telemetrygroupdirty");
/** Taken up, until its windows are written: what comes meanwhile makes the hour dirty again. */
export const groupHoursUnderWay = table<GroupHour>("telemetrygroupunderway");

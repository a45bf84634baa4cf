import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { keyOf, rangeOf } from "../../platform/keys.ts";
import { table } from "../../platform/resource.ts";
import type { Grid } from "./grid.ts";

/** Windows that are kept: how long each is, and how long a time one entry of the store holds. The others are made of them, or of samples. */
export const resolutions = {
  minutes: { step: MINUTE, period: HOUR },
  hours: { step: HOUR, period: DAY },
} as const;
export type Resolution = keyof typeof resolutions;

export const gridOfPeriod = (resolution: Resolution, from: number): Grid => {
  const { step, period } = resolutions[resolution];
  return { from, step, length: period / step };
};

/** Where the windows of all instances of a metric of a device lie: by time before metric before device, so that a fleet is read in one go, and old ones go in one go. */
export const windowsKey = (resolution: Resolution, period: number, metric: string, device: string) =>
  keyOf("telemetrywindows", resolution, period, metric, device);
export const windowsOfMetric = (resolution: Resolution, period: number, metric: string) =>
  rangeOf("telemetrywindows", resolution, period, metric);
export const windowsBefore = (resolution: Resolution, instant: number) => ({
  gte: rangeOf("telemetrywindows", resolution).gte,
  lt: keyOf("telemetrywindows", resolution, instant),
});

/** An hour of a device whose windows do not hold all of its samples yet. There may be several of one hour. */
export interface DirtyHour {
  readonly id: string;
  readonly device: string;
  /** When it begins. */
  readonly hour: number;
  /** From which of its minutes on; absent: from the first. It is in the id, so that what is marked meanwhile is not taken up unseen. */
  readonly minute?: number;
}
/** Written in one commit with the samples. */
export const dirtyHours = table<DirtyHour>("telemetrydirty");
/** Taken up, until its windows are written: what comes meanwhile makes the hour dirty again. */
export const hoursUnderWay = table<DirtyHour>("telemetryunderway");

const DIGITS = 12;
/** Of what there is of an hour of a device, in the order of time. */
export const hourId = (hour: number, device: string) => `${String(hour / HOUR).padStart(DIGITS, "0")}/${device}`;
/** Where those of an hour begin. */
export const firstHourId = (hour: number) => String(hour / HOUR).padStart(DIGITS, "0");

/** Up to which window the event device.stats was told of a device. */
export interface ToldStats {
  /** The device. */
  readonly id: string;
  readonly to: number;
}
export const toldStats = table<ToldStats>("telemetrystats");

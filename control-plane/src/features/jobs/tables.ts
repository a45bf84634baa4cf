import { table } from "../../platform/resource.ts";

/** The last command number given out, per device: numbers are contiguous, so that a held-back command is seen. */
export const counters = table<{ readonly id: string; readonly version: number; readonly last: number }>(
  "commandcounter",
);

import { createContext, useContext } from "react";
import type { Interval } from "../data/chart-range.ts";
import type { Mark } from "../data/chart-marks.ts";

/** What all charts of a page have in common. */
export interface ChartFrame {
  readonly interval: Interval;
  readonly isUtc: boolean;
  /** What was asked of the device that they are about. */
  readonly marks: readonly Mark[];
  /** Shows another interval; a passing one is followed by others. */
  readonly show: (interval: Interval, how?: { readonly isPassing: boolean }) => void;
}

export const ChartFrameContext = createContext<ChartFrame>({
  interval: { from: 0, to: 1 },
  isUtc: false,
  marks: [],
  show: () => {},
});
export const useChartFrame = (): ChartFrame => useContext(ChartFrameContext);

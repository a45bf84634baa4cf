import { createContext, useContext } from "react";
import type { Interval } from "../data/chart-range.ts";

/** What all charts of a page have in common. */
export interface ChartFrame {
  readonly interval: Interval;
  readonly isUtc: boolean;
  /** When something was asked of the devices that they are about. */
  readonly marks: readonly Pick<Interval, "from">[];
  /** Hears where a chart is drawn, each time that it is: what stands above it is put there too. */
  readonly onPlaced?: (plot: Element) => void;
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

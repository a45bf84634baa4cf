import { useLocalStorage } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { isLive, LASTS, rangeIn, withRange, type ChartRange } from "./chart-range.ts";

export interface ChartView {
  readonly range: ChartRange;
  /** The range that is asked for: while somebody drags, the one from before. */
  readonly settled: ChartRange;
  readonly isUtc: boolean;
  /** Shows another range; one that is passing (a finger still moves) comes into the address when it stays. */
  readonly show: (range: ChartRange, how?: { readonly isPassing: boolean }) => void;
  readonly setUtc: (isUtc: boolean) => void;
}

/** Milliseconds that a range must stay before it is asked for. */
const SETTLE = 250;

/** What the charts of a page show. It stands in the address, so that a link shows the same and "back" goes back. */
export function useChartView(): ChartView {
  const [parameters, setParameters] = useSearchParams();
  const [last, saveLast] = useLocalStorage<number>({ key: "edgemere-chart-range", defaultValue: LASTS[0].last });
  const [zone, saveZone] = useLocalStorage({ key: "edgemere-chart-zone", defaultValue: "local" });
  const [passing, setPassing] = useState<ChartRange | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const settled = rangeIn(parameters) ?? {
    last: LASTS.find((each) => each.last === last)?.last ?? LASTS[0].last,
  };
  const isUtc = (parameters.get("zone") ?? zone) === "utc";
  const isTold = rangeIn(parameters) !== undefined && parameters.has("zone");
  useEffect(() => {
    if (isTold) return;
    setParameters((before) => zoned(withRange(before, settled), isUtc), { replace: true });
  });
  return {
    range: passing ?? settled,
    settled,
    isUtc,
    show: (range, { isPassing } = { isPassing: false }) => {
      clearTimeout(timer.current);
      setPassing(range);
      const settle = () => {
        setPassing(undefined);
        if (isLive(range)) saveLast(range.last);
        setParameters((before) => withRange(before, range));
      };
      if (isPassing) timer.current = setTimeout(settle, SETTLE);
      else settle();
    },
    setUtc: (isUtc) => {
      saveZone(isUtc ? "utc" : "local");
      setParameters((before) => zoned(before, isUtc), { replace: true });
    },
  };
}

function zoned(parameters: URLSearchParams, isUtc: boolean): URLSearchParams {
  const next = new URLSearchParams(parameters);
  next.set("zone", isUtc ? "utc" : "local");
  return next;
}

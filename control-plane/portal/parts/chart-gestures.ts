import type uPlot from "uplot";
import { dragged, panned, zoomed, type Interval } from "../data/chart-range.ts";

interface Hand {
  readonly intervalNow: () => Interval;
  readonly show: (interval: Interval, how?: { readonly isPassing: boolean }) => void;
}

/** Pixels that a pointer must move before it means something. */
const SLACK = 6;
const WHEEL_STEP = 0.0015;
const PASSING = { isPassing: true };

/**
 * Mouse: drag to zoom to what is marked, Shift and drag to pan, Ctrl and wheel to zoom, Shift and wheel (or a wheel that goes sideways) to
 * pan, double click to see twice as much. Fingers: one pans, two zoom. The wheel alone goes on scrolling the page.
 */
export function listenToGestures(plot: uPlot, { intervalNow, show }: Hand): () => void {
  const { over } = plot;
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const shareOf = ({ clientX }: MouseEvent) => {
    const { left, width } = over.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width));
  };
  /** Where each pointer was when the last of them came, and where it is. */
  const pointers = new Map<number, { start: number; now: number }>();
  let start: { readonly interval: Interval; readonly isMarking: boolean; hasMoved: boolean } | undefined;

  const begin = (isMarking: boolean) => {
    for (const pointer of pointers.values()) pointer.start = pointer.now;
    start = pointers.size === 0 ? undefined : { interval: intervalNow(), isMarking, hasMoved: false };
  };
  const mark = (from: number, to: number) =>
    plot.setSelect(
      { left: from * over.clientWidth, top: 0, width: (to - from) * over.clientWidth, height: over.clientHeight },
      false,
    );
  const moved = () => {
    const all = [...pointers.values()];
    return dragged(
      start?.interval ?? intervalNow(),
      all.map(({ start }) => start),
      all.map(({ now }) => now),
    );
  };

  over.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || pointers.size === 2) return;
      over.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, { start: shareOf(event), now: shareOf(event) });
      begin(event.pointerType === "mouse" && !event.shiftKey);
    },
    options,
  );
  over.addEventListener(
    "pointermove",
    (event) => {
      const pointer = pointers.get(event.pointerId);
      if (pointer === undefined || start === undefined) return;
      pointer.now = shareOf(event);
      start.hasMoved ||= Math.abs(pointer.now - pointer.start) * over.clientWidth > SLACK;
      if (!start.hasMoved) return;
      if (start.isMarking) mark(Math.min(pointer.start, pointer.now), Math.max(pointer.start, pointer.now));
      else show(moved(), PASSING);
    },
    options,
  );
  const end = (event: PointerEvent) => {
    const pointer = pointers.get(event.pointerId);
    if (pointer === undefined || start === undefined) return;
    const { interval, isMarking, hasMoved } = start;
    const last = moved();
    pointers.delete(event.pointerId);
    if (isMarking) mark(0, 0);
    if (hasMoved && event.type === "pointerup") {
      const [from, to] = [Math.min(pointer.start, pointer.now), Math.max(pointer.start, pointer.now)];
      const width = interval.to - interval.from;
      if (isMarking) show(zoomed({ from: interval.from + width * from, to: interval.from + width * to }, 1));
      else show(last, pointers.size > 0 ? PASSING : undefined);
    }
    begin(false);
  };
  over.addEventListener("pointerup", end, options);
  over.addEventListener("pointercancel", end, options);
  over.addEventListener("dblclick", (event) => show(zoomed(intervalNow(), 2, shareOf(event))), options);
  over.addEventListener(
    "wheel",
    (event) => {
      const { deltaX, deltaY, ctrlKey, metaKey, shiftKey } = event;
      const sideways = shiftKey && deltaX === 0 ? deltaY : deltaX;
      const isPan = shiftKey || Math.abs(deltaX) > Math.abs(deltaY);
      if (!ctrlKey && !metaKey && !isPan) return;
      event.preventDefault();
      if (isPan) show(panned(intervalNow(), sideways * WHEEL_STEP), PASSING);
      else show(zoomed(intervalNow(), Math.exp(deltaY * WHEEL_STEP), shareOf(event)), PASSING);
    },
    { ...options, passive: false },
  );
  return () => stop.abort();
}

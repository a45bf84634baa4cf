import { useEffect, useMemo, useRef, useState } from "react";
import type { Input } from "../../src/faces/client.ts";
import { isLive, type ChartRange } from "./chart-range.ts";
import { call } from "./client.ts";
import { useLiveCalls } from "./live.tsx";
import { isRefusal } from "./refusal.ts";
import { reportsOf, type LiveCallsOnDemand } from "./reports.ts";
import { merged, type History } from "./samples.ts";

/** Milliseconds between two looks at what is new, where nobody tells of it. */
const LOOK_EVERY = 2_000;
/** And at least between two, however often a device reports. */
const LOOK_AFTER = 500;
/** So much of what is known is asked for again each time: samples of a slow link come late. */
const OVERLAP = 30_000;
/** Up to this window every sample is kept; beyond, the control plane thins out and is asked for all again. */
const FINE_WINDOW = 60 * 60_000;
const WHOLE_EVERY = 60_000;
const RARELY = 300_000;
/** Samples of a past younger than this may still be on their way. */
const MAY_COME_LATE = 60 * 60_000;
/** Steps of a line: more than a chart has pixels. */
const POINTS = 1_000;
/** Metrics that one question may name. */
const METRICS_AT_MOST = 50;

export interface HistoryAnswer {
  readonly history?: History;
  readonly error?: unknown;
  /** What is there answers an earlier question. */
  readonly isLoading: boolean;
}

interface Wanted {
  /** All of its metrics when absent. */
  readonly metric?: string;
  readonly range: ChartRange;
}

/** Up to when live charts have been asked for; until one was, now. */
export function liveEnd(answers: Iterable<HistoryAnswer>): number {
  const ends = [...answers].flatMap(({ history, isLoading }) => (history && !isLoading ? history.to : []));
  return ends.length === 0 ? Date.now() : Math.max(...ends);
}

interface Question extends Wanted {
  readonly devices: readonly string[];
}

/** Samples of some devices, kept up to date while the page is looked at. Those of an earlier range stay until the new come. */
export function useHistories(
  devices: readonly string[],
  { metric, range }: Wanted,
): ReadonlyMap<string, HistoryAnswer> {
  const question = JSON.stringify({ devices, metric, range });
  const [known, setKnown] = useState<ReadonlyMap<string, Told>>(new Map());
  const clock = useRef<Clock>({});
  const calls = useLiveCalls();
  useEffect(() => {
    const stop = new AbortController();
    const { devices, metric, range } = JSON.parse(question) as Question;
    for (const device of devices) {
      const tell = (answer: Answer) =>
        setKnown((before) => new Map([...before, [device, { question, metric, answer }]]));
      void follow({ device, metric, range, calls, clock: clock.current, signal: stop.signal, tell });
    }
    return () => stop.abort();
  }, [question, calls]);
  return useMemo(() => answersTo(question, known), [question, known]);
}

function answersTo(question: string, known: ReadonlyMap<string, Told>): ReadonlyMap<string, HistoryAnswer> {
  const { devices, metric } = JSON.parse(question) as Question;
  return new Map(
    devices.map((device) => {
      const told = known.get(device);
      if (told === undefined || told.metric !== metric) return [device, { isLoading: true }];
      const { history, error } = told.answer;
      const isLoading = told.question !== question;
      return [device, { isLoading, ...(history && { history }), ...(!isLoading && error !== undefined && { error }) }];
    }),
  );
}

interface Answer {
  readonly history?: History;
  readonly error?: unknown;
}

interface Told {
  readonly question: string;
  readonly metric: string | undefined;
  readonly answer: Answer;
}

interface Clock {
  /** Milliseconds by which the control plane's is ahead of the browser's; undefined until it was asked. */
  offset?: number;
}

interface Following {
  readonly clock: Clock;
  readonly calls: LiveCallsOnDemand;
  readonly device: string;
  readonly metric: string | undefined;
  readonly range: ChartRange;
  readonly signal: AbortSignal;
  readonly tell: (answer: Answer) => void;
}

async function follow({ device, metric, range, calls, clock, signal, tell }: Following): Promise<void> {
  const metrics = metric === undefined ? {} : { metric: [metric, `${metric}:min`, `${metric}:max`] };
  const reported = reportsOf({ device, ...metrics }, calls);
  let history: History | undefined;
  let wholeAt = 0;
  while (!signal.aborted) {
    try {
      clock.offset ??= await clockOffset(device, signal);
      const now = Date.now() + clock.offset;
      const to = isLive(range) ? now : range.to;
      const from = isLive(range) ? now - range.last : range.from;
      const isWhole = history === undefined || !isFine(range) || now - wholeAt > WHOLE_EVERY;
      const begin = isWhole ? from : (history?.to ?? to) - OVERLAP;
      const answer = await ask({ device, ...metrics, from: begin, to, points: POINTS, extremes: true }, signal);
      if (isWhole) wholeAt = now;
      history = history === undefined || isWhole ? answer : merged(history, answer, from);
      if (!signal.aborted) tell({ history });
      if (!isLive(range) && range.to < now - MAY_COME_LATE) return;
    } catch (error) {
      if (signal.aborted) return;
      tell({ error, ...(history && { history }) });
    }
    if (!isFine(range)) await pause(everyOf(range), signal);
    else {
      await pause(LOOK_AFTER, signal);
      if (!(await reported(signal))) await pause(LOOK_EVERY, signal);
    }
  }
}

/** Asks in parts for what is too much at once. */
async function ask(question: Input<"cpl/ta/history">, signal: AbortSignal): Promise<History> {
  try {
    return await call("cpl/ta/history", question, signal);
  } catch (error) {
    if (!isRefusal(error, "too-large")) throw error;
    const metrics = question.metric ?? (await metricsOf(question.device, signal));
    if (metrics.length < 2) throw error;
    const size = Math.min(METRICS_AT_MOST, Math.ceil(metrics.length / 2));
    let whole: History | undefined;
    for (let place = 0; place < metrics.length; place += size) {
      const part = await ask({ ...question, metric: metrics.slice(place, place + size) }, signal);
      whole = whole === undefined ? part : { ...whole, series: [...whole.series, ...part.series] };
    }
    if (whole === undefined) throw error;
    return whole;
  }
}

const metricsOf = async (device: string, signal: AbortSignal): Promise<string[]> => [
  ...new Set((await call("cpl/ta/metrics", { device }, signal)).metrics.map(({ metric }) => metric)),
];

const isFine = (range: ChartRange) => isLive(range) && range.last <= FINE_WINDOW;

/** The longer the range, the less a new sample changes of it. */
function everyOf(range: ChartRange): number {
  return isLive(range) ? Math.min(RARELY, Math.max(WHOLE_EVERY / 2, range.last / POINTS / 2)) : WHOLE_EVERY;
}

/** Milliseconds by which the control plane's clock is ahead of the browser's, which may be wrong. */
async function clockOffset(device: string, signal: AbortSignal): Promise<number> {
  const { to } = await call("cpl/ta/history", { device, metric: [], points: 10 }, signal);
  return to - Date.now();
}

/** Waits; longer while nobody looks at the page. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  while (document.visibilityState === "hidden" && !signal.aborted)
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}

import { useEffect, useState } from "react";
import { call } from "./client.ts";
import { merged, type History } from "./samples.ts";

/** Milliseconds between two looks at what is new. */
const LOOK_EVERY = 2_000;
/** So much of what is known is asked for again each time: samples of a slow link come late. */
const OVERLAP = 30_000;
/** Up to this window every sample is kept; beyond, the control plane thins out and is asked for all again. */
const FINE_WINDOW = 60 * 60_000;
const WHOLE_EVERY = 60_000;
const POINTS = 900;

/** A device's samples over the last `window` milliseconds, kept up to date while the page is looked at. */
export function useHistory(device: string, window: number): Answer {
  const question = `${device} ${window}`;
  const [known, setKnown] = useState<{ readonly question: string; readonly answer: Answer }>({ question, answer: {} });
  useEffect(() => {
    const stop = new AbortController();
    void follow({ device, window, signal: stop.signal, tell: (answer) => setKnown({ question, answer }) });
    return () => stop.abort();
  }, [device, window, question]);
  return known.question === question ? known.answer : {};
}

interface Answer {
  readonly history?: History;
  readonly error?: unknown;
}

interface Following {
  readonly device: string;
  readonly window: number;
  readonly signal: AbortSignal;
  readonly tell: (answer: Answer) => void;
}

async function follow({ device, window, signal, tell }: Following): Promise<void> {
  let history: History | undefined;
  let offset: number | undefined;
  let wholeAt = 0;
  while (!signal.aborted) {
    try {
      offset ??= await clockOffset(device, signal);
      const to = Date.now() + offset;
      const isWhole = history === undefined || window > FINE_WINDOW || to - wholeAt > WHOLE_EVERY;
      const from = isWhole ? to - window : (history?.to ?? to) - OVERLAP;
      const answer = await call("cpl/ta/history", { device, from, to, points: POINTS }, signal);
      if (isWhole) wholeAt = to;
      history = history === undefined || isWhole ? answer : merged(history, answer, to - window);
      tell({ history });
    } catch (error) {
      if (signal.aborted) return;
      tell({ error, ...(history && { history }) });
    }
    await pause(window > FINE_WINDOW ? WHOLE_EVERY / 2 : LOOK_EVERY, signal);
  }
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

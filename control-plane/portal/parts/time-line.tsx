import type { ReactNode } from "react";
import { Link } from "wouter";
import { marksWithin, type Mark } from "../data/chart-marks.ts";
import type { Interval } from "../data/chart-range.ts";
import { duration } from "../data/format.ts";
import { explainGap, SILENCE } from "../data/gaps.ts";
import { visible } from "../data/hostile-text.ts";
import { momentText } from "../data/moment.ts";
import type { History } from "../data/samples.ts";
import { useChartFrame } from "./chart-frame.ts";
import { toneOf } from "./state.tsx";

/** More on one line would lie on top of each other. */
const ITEMS_AT_MOST = 200;
/** What stands for an outcome where there is no room for its word. */
const SIGNS: Readonly<Record<string, string>> = { good: "✓", bad: "✕", warn: "!", busy: "…", quiet: "–" };

/** What happened while the charts below were recorded: when nothing was, what is dated by a guess, what was asked of the device. */
export function TimeLine({ gaps, estimated }: Pick<History, "gaps" | "estimated">) {
  const { interval, isUtc, marks, show } = useChartFrame();
  const asked = marksWithin(marks, interval);
  const unrecorded = gaps.filter((gap) => gap.to >= interval.from && gap.from <= interval.to);
  const guessed = estimated.filter((each) => each.to >= interval.from && each.from <= interval.to);
  const spell = ({ from, to }: Interval) => `${momentText(from, isUtc)}, ${duration(to - from)}`;
  return (
    <section className="time-line" aria-label="Time line">
      <Lane title="Not recorded" count={unrecorded.length}>
        {unrecorded.slice(-ITEMS_AT_MOST).map((gap) => {
          const name = `Not recorded: ${visible(explainGap(gap.reason))}; ${spell(gap)}`;
          return (
            <Item key={`${gap.from} ${gap.reason}`} within={interval} of={gap}>
              <button
                type="button"
                className="gap-mark"
                data-reason={gap.reason === SILENCE ? "silence" : "loss"}
                aria-label={name}
                title={name}
                onClick={() => show(around(gap))}
              />
            </Item>
          );
        })}
      </Lane>
      {/* The others are there even when empty: charts that jump while one moves through time cannot be followed. */}
      <Lane title="Time is a guess" count={guessed.length} isRare>
        {guessed.slice(-ITEMS_AT_MOST).map((each) => {
          const name = `Dated by a guess: the device did not know the time; ${spell(each)}`;
          return (
            <Item key={each.from} within={interval} of={each}>
              <button
                type="button"
                className="gap-mark"
                data-reason="guess"
                aria-label={name}
                title={name}
                onClick={() => show(around(each))}
              />
            </Item>
          );
        })}
      </Lane>
      <Lane title="Commands" count={asked.length}>
        {asked.slice(0, ITEMS_AT_MOST).map((mark) => {
          const name = markName(mark, isUtc);
          const tone = toneOf(mark.state);
          return (
            <Item key={mark.job} within={interval} of={{ from: mark.from, to: mark.to ?? interval.to }}>
              <Link
                href={`/jobs/${encodeURIComponent(mark.job)}`}
                className="command-mark"
                data-tone={tone}
                aria-label={name}
                title={name}
              >
                <span aria-hidden="true">{SIGNS[tone]}</span>
              </Link>
            </Item>
          );
        })}
      </Lane>
    </section>
  );
}

function markName({ kind, state, from, to }: Mark, isUtc: boolean): string {
  const end = to === undefined ? "not over" : `over after ${duration(to - from)}`;
  return `${visible(kind)}: ${state}; asked ${momentText(from, isUtc)}, ${end}`;
}

/** A stretch with something on both sides of it. */
const around = ({ from, to }: Interval): Interval => {
  const margin = Math.max(30_000, (to - from) / 4);
  return { from: Math.round(from - margin), to: Math.round(to + margin) };
};

const Lane = ({
  title,
  count,
  isRare = false,
  children,
}: {
  readonly title: string;
  readonly count: number;
  readonly isRare?: boolean;
  readonly children: ReactNode;
}) =>
  (count > 0 || !isRare) && (
    <div className="lane">
      <span className="lane-title">
        {title} <b>{count}</b>
      </span>
      <ul aria-label={title}>{children}</ul>
    </div>
  );

function Item({
  within,
  of,
  children,
}: {
  readonly within: Interval;
  readonly of: Interval;
  readonly children: ReactNode;
}) {
  const share = (at: number) => Math.min(1, Math.max(0, (at - within.from) / (within.to - within.from)));
  const [left, width] = [share(of.from), share(of.to) - share(of.from)];
  return <li style={{ left: `min(${left * 100}%, 100% - 12px)`, width: `${width * 100}%` }}>{children}</li>;
}

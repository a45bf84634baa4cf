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
import { around, Item, Lane, SIGNS } from "./time-lane.tsx";

/** More on one line would lie on top of each other. */
const ITEMS_AT_MOST = 200;

/** What happened while the charts below were recorded: when nothing was, what is dated by a guess, what was asked of the device. */
export function TimeLine({
  gaps,
  estimated,
  marks,
}: Pick<History, "gaps" | "estimated"> & { readonly marks: readonly Mark[] }) {
  const { interval, isUtc, show } = useChartFrame();
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

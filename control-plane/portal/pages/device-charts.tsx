import "../parts/chart.css";
import { Group, Text, TextInput } from "@mantine/core";
import { useMemo, useState } from "react";
import { chartCsv } from "../data/chart-csv.ts";
import { isLive, type ChartRange, type Interval } from "../data/chart-range.ts";
import { useMarks } from "../data/chart-marks.ts";
import { useChartView } from "../data/chart-view.ts";
import { folded } from "../data/folded.ts";
import { counted } from "../data/format.ts";
import { explainGap, joinedGaps, SILENCE } from "../data/gaps.ts";
import { liveEnd, useHistories, type HistoryAnswer } from "../data/history.ts";
import type { History } from "../data/samples.ts";
import { Empty, Failure, Loading } from "../parts/answer.tsx";
import { ChartBoard } from "../parts/chart-board.tsx";
import { ChartFrameContext } from "../parts/chart-frame.ts";
import { Icon } from "../parts/icon.tsx";
import { Plain } from "../parts/plain.tsx";
import { DownloadCsv } from "../parts/download-csv.tsx";
import { RangePicker } from "../parts/range-picker.tsx";
import { TimeLine } from "../parts/time-line.tsx";

const MINUTE = 60_000;

interface Subject {
  readonly device: string;
  readonly name: string;
  /** When it enrolled: before that there is nothing to show. */
  readonly since: number;
}

/** What the device measures, live or in the past. */
export function DeviceCharts({ device, name, since }: Subject) {
  const view = useChartView();
  const [filter, setFilter] = useState("");
  const answer: HistoryAnswer = useHistories([device], { range: view.settled }).get(device) ?? { isLoading: true };
  const { history: whole, error, isLoading } = answer;
  const history = useJoined(whole);
  const interval = intervalOf(view.range, answer, since);
  const marks = useMarks(device, interval.from);
  const frame = { interval, isUtc: view.isUtc, marks, show: view.show };
  const metrics = useMetrics(history, filter.trim().toLowerCase());
  const shown = () =>
    (history?.series ?? [])
      .filter(({ metric }) => metrics.includes(metric))
      .map((each) => ({ ...each, device: name, gaps: [] }));
  return (
    <ChartFrameContext value={frame}>
      <Group mb="md" gap="sm">
        <RangePicker view={view} interval={interval} />
        <TextInput
          size="xs"
          className="grow"
          aria-label="Only metrics whose name contains"
          placeholder="Only metrics with …"
          leftSection={<Icon name="search" size={14} />}
          data-search
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
        <DownloadCsv name={name} csv={() => chartCsv(shown(), interval)} isEmpty={metrics.length === 0} />
      </Group>
      {error !== undefined && <Failure error={error} isStale={history !== undefined} />}
      {history === undefined && error === undefined && <Loading lines={6} />}
      {history && (
        <div aria-busy={isLoading} className="chart-area">
          <TimeLine gaps={history.gaps} estimated={history.estimated} marks={marks} />
          {metrics.length > 0 && <ChartBoard history={history} device={name} metrics={metrics} />}
          {metrics.length === 0 && !isLoading && <Nothing isFiltered={filter !== ""} />}
          <NotRecorded history={history} />
        </div>
      )}
    </ChartFrameContext>
  );
}

const useJoined = (history: History | undefined) =>
  useMemo(() => history && { ...history, series: folded(history.series), gaps: joinedGaps(history) }, [history]);

/** What is to be seen: of a live range up to what was asked for last, and from where there is something on. */
function intervalOf(range: ChartRange, answer: HistoryAnswer, since: number): Interval {
  if (!isLive(range)) return range;
  const to = liveEnd([answer]);
  const first = Math.min(since, ...(answer.history?.series ?? []).flatMap(({ at }) => at.slice(0, 1)));
  return { from: Math.max(to - range.last, Math.min(first, to - MINUTE)), to };
}

/** The same array for the same names: a chart is planned anew only for others. */
function useMetrics(history: History | undefined, filter: string): readonly string[] {
  const names = [...new Set(history?.series.map(({ metric }) => metric))].filter((metric) =>
    metric.toLowerCase().includes(filter),
  );
  const key = JSON.stringify(names);
  return useMemo(() => JSON.parse(key) as string[], [key]);
}

const Nothing = ({ isFiltered }: { readonly isFiltered: boolean }) => (
  <Empty title={isFiltered ? "No metric is named like that" : "Nothing was recorded in this time"}>
    {isFiltered
      ? "Clear the field to see all metrics."
      : "The device was off, or its samples have not arrived yet: that is not the same as zero. Choose a longer range, or wait for it to come back."}
  </Empty>
);

/** What the hatched bands mean, in words; and what else a reader of the charts must know. */
function NotRecorded({ history: { gaps, estimated } }: { readonly history: History }) {
  const reasons = [...new Set(gaps.map(({ reason }) => reason))];
  if (reasons.length + estimated.length === 0) return null;
  return (
    <div className="chart-key">
      {reasons.map((reason) => (
        <Text key={reason} size="sm" c="dimmed">
          <span className="gap-mark" data-reason={reason === SILENCE ? "silence" : "loss"} aria-hidden="true" /> Not
          recorded, {reason === SILENCE ? "hatched grey" : "cross-hatched red"},{" "}
          {counted(gaps.filter((gap) => gap.reason === reason).length, "time")}: <Plain text={explainGap(reason)} />.
        </Text>
      ))}
      {estimated.length > 0 && (
        <Text size="sm" c="dimmed">
          <span className="gap-mark" data-reason="guess" aria-hidden="true" /> Dotted above: samples that are dated by a
          guess, because the device did not know the time when it made them.
        </Text>
      )}
    </div>
  );
}

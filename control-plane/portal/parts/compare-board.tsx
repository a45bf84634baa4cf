import { Group, Text } from "@mantine/core";
import { Suspense, useMemo } from "react";
import { chartCsv } from "../data/chart-csv.ts";
import { isLive, type Interval } from "../data/chart-range.ts";
import { useChartView } from "../data/chart-view.ts";
import { groupsBy, type Compared } from "../data/compared.ts";
import { useFleetAsked, type FleetGaps } from "../data/fleet-happenings.ts";
import { gapMarks } from "../data/fleet-marks.ts";
import { folded } from "../data/folded.ts";
import { counted } from "../data/format.ts";
import { explainGap, joinedGaps } from "../data/gaps.ts";
import { liveEnd, useHistories, type HistoryAnswer } from "../data/history.ts";
import { visible } from "../data/hostile-text.ts";
import { metricTitle } from "../data/metric.ts";
import { Empty, Failure, Loading } from "./answer.tsx";
import type { ChartLine } from "./chart.tsx";
import { ChartBox } from "./chart-board.tsx";
import { ChartFrameContext } from "./chart-frame.ts";
import { FleetHappenings } from "./fleet-happenings.tsx";
import { Plain } from "./plain.tsx";
import { DownloadCsv } from "./download-csv.tsx";
import { RangePicker } from "./range-picker.tsx";

const NOTHING_MARKED = { gaps: [], estimated: [] };

/** One metric of several devices over time: in one chart, in one for each value of a label, or in one for each device. */
export function CompareBoard({
  devices,
  metric,
  by,
  isApart,
}: {
  readonly devices: readonly Compared[];
  readonly metric: string;
  /** The label that groups them. */
  readonly by: string | undefined;
  readonly isApart: boolean;
}) {
  const view = useChartView();
  const answers = useHistories(
    devices.map(({ id }) => id),
    { metric, range: view.settled },
  );
  const all = [...answers.values()];
  const to = liveEnd(all);
  const interval: Interval = isLive(view.range) ? { from: to - view.range.last, to } : view.range;
  const asked = useFleetAsked({ devices, isAll: false }, interval.from);
  const frame = { interval, isUtc: view.isUtc, marks: asked.marks, show: view.show };
  const lines = useLines(devices, answers);
  const gaps = useGaps(devices, answers);
  const error = all.find((each) => each.error !== undefined)?.error;
  const isLoading = all.some((each) => each.isLoading);
  return (
    <ChartFrameContext value={frame}>
      <Group mb="md" gap="sm">
        <RangePicker view={view} interval={interval} />
        <DownloadCsv name={metric} csv={() => chartCsv(lines, interval)} isEmpty={lines.length === 0} />
      </Group>
      {error !== undefined && <Failure error={error} isStale={lines.length > 0} />}
      <div className="chart-area" aria-busy={isLoading}>
        {lines.length === 0 && isLoading && <Loading lines={6} />}
        {lines.length === 0 && !isLoading && error === undefined && (
          <Empty title="Nothing was recorded in this time">
            None of the chosen devices has samples of it here. Choose a longer range, another metric, or other devices
            below.
          </Empty>
        )}
        {devices.length > 0 && (
          <FleetHappenings of={{ total: devices.length, hasMore: false }} gaps={gaps} asked={asked} />
        )}
        <Suspense fallback={<Loading lines={6} />}>
          {lines.length > 0 &&
            groupsBy(devices, by).map(({ value, devices }) => (
              <section key={value ?? ""} className="chart-group" aria-label={groupName(by, value)}>
                {by !== undefined && (
                  <h2>
                    <bdi>{groupName(by, value)}</bdi>
                  </h2>
                )}
                <div className={isApart ? "grid charts" : "grid"}>
                  {isApart ? (
                    devices.map(({ id, name }) => (
                      <Lines key={id} title={name} lines={lines} ids={[id]} answer={answers.get(id)} />
                    ))
                  ) : (
                    <Lines title={metricTitle(metric)} lines={lines} ids={devices.map(({ id }) => id)} />
                  )}
                </div>
              </section>
            ))}
        </Suspense>
        <Unrecorded devices={devices} answers={answers} />
      </div>
    </ChartFrameContext>
  );
}

const groupName = (by: string | undefined, value: string | undefined) =>
  by === undefined ? "All" : visible(value === undefined ? `without ${by}` : `${by}=${value}`);

interface DeviceLine extends ChartLine {
  readonly id: string;
}

const useLines = (devices: readonly Compared[], answers: ReadonlyMap<string, HistoryAnswer>): readonly DeviceLine[] =>
  useMemo(
    () =>
      devices.flatMap(({ id, name }) => {
        const { series = [], gaps = [] } = answers.get(id)?.history ?? {};
        return folded(series).map((each) => ({
          ...each,
          gaps,
          id,
          device: name,
          label: each.instance === "" ? name : `${name} ${each.instance}`,
        }));
      }),
    [devices, answers],
  );

/** They come with the samples. */
const useGaps = (devices: readonly Compared[], answers: ReadonlyMap<string, HistoryAnswer>): FleetGaps =>
  useMemo(
    () => ({
      marks: devices.flatMap(({ id, name }) => {
        const history = answers.get(id)?.history;
        return history === undefined ? [] : gapMarks(name, joinedGaps(history));
      }),
      unread: [],
      error: null,
      isPending: devices.every(({ id }) => answers.get(id)?.history === undefined),
    }),
    [devices, answers],
  );

function Lines({
  title,
  lines,
  ids,
  answer,
}: {
  readonly title: string;
  readonly lines: readonly DeviceLine[];
  readonly ids: readonly string[];
  /** Of the one device that it is about. */
  readonly answer?: HistoryAnswer | undefined;
}) {
  const key = ids.join();
  const shown = useMemo(() => lines.filter(({ id }) => key.split(",").includes(id)), [lines, key]);
  if (shown.length === 0) return null;
  return <ChartBox title={title} lines={shown} marked={answer?.history ?? NOTHING_MARKED} />;
}

/** Of which devices something is missing, and why: a time line of several has no room for words. */
function Unrecorded({
  devices,
  answers,
}: {
  readonly devices: readonly Compared[];
  readonly answers: ReadonlyMap<string, HistoryAnswer>;
}) {
  const found = devices.flatMap(({ id, name }) => {
    const history = answers.get(id)?.history;
    const gaps = history ? joinedGaps(history) : [];
    return [...new Set(gaps.map(({ reason }) => reason))].map((reason) => ({
      name,
      reason,
      times: gaps.filter((gap) => gap.reason === reason).length,
    }));
  });
  if (found.length === 0) return null;
  return (
    <ul className="chart-key" aria-label="Not recorded">
      {found.map(({ name, reason, times }) => (
        <Text key={`${name} ${reason}`} component="li" size="sm" c="dimmed">
          <Plain text={name} />: not recorded {counted(times, "time")}: <Plain text={explainGap(reason)} />.
        </Text>
      ))}
    </ul>
  );
}

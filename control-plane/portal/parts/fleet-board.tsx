import { Alert, Button, Group, Text } from "@mantine/core";
import { Suspense, useCallback, useMemo, useRef } from "react";
import { isLive, type Interval } from "../data/chart-range.ts";
import { useChartView, type ChartView } from "../data/chart-view.ts";
import { useFleetAnswer } from "../data/fleet-answer.ts";
import { useFleetAsked, useFleetGaps, useShownDevices } from "../data/fleet-happenings.ts";
import {
  costText,
  fleetCsv,
  FUNCTIONS,
  linesOf,
  notHeard,
  type FleetAnswer,
  type FleetQuestion,
} from "../data/fleet-query.ts";
import { counted } from "../data/format.ts";
import { metricTitle } from "../data/metric.ts";
import { isRefusal } from "../data/refusal.ts";
import { Empty, Failure, Loading } from "./answer.tsx";
import { ChartBox } from "./chart-board.tsx";
import { ChartFrameContext } from "./chart-frame.ts";
import { FleetHappenings } from "./fleet-happenings.tsx";
import { GroupTable } from "./group-table.tsx";
import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { DownloadCsv } from "./download-csv.tsx";
import { RangePicker } from "./range-picker.tsx";

const NOTHING_MARKED = { gaps: [], estimated: [] };

/** What a question to the fleet gives: a line for each group, and the groups by their values. What costs much is told before. */
export function FleetBoard({ question }: { readonly question: FleetQuestion }) {
  const view = useChartView();
  const { answer, waiting, estimate, error, isLoading, read, retry } = useFleetAnswer(question, view.settled);
  const interval = intervalOf(view, answer);
  const shown = useShownDevices(question, answer);
  const gaps = useFleetGaps(shown, view.settled);
  const asked = useFleetAsked(shown, interval.from);
  const area = useRef<HTMLDivElement>(null);
  const onPlaced = useCallback((plot: Element) => {
    if (area.current !== null) alignWith(plot, area.current);
  }, []);
  const frame = { interval, isUtc: view.isUtc, marks: asked.marks, onPlaced, show: view.show };
  const title = titleOf(question);
  return (
    <ChartFrameContext value={frame}>
      <Group mb="md" gap="sm">
        <RangePicker view={view} interval={interval} />
        <DownloadCsv name={title} csv={() => (answer ? fleetCsv(answer) : "")} isEmpty={answer === undefined} />
      </Group>
      {error !== undefined && (
        <>
          <Failure error={error} onRetry={retry} isStale={answer !== undefined} />
          {isRefusal(error, "too-large") && estimate !== undefined && (
            <Text size="sm" my="sm">
              It would read about {costText(estimate.cost, estimate.source)}. A shorter range, fewer devices, or a
              function other than a percentile reads less.
            </Text>
          )}
        </>
      )}
      {waiting !== undefined && (
        <Alert color="yellow" title="This reads much" mb="md" role="status">
          <Text size="sm" mb="sm">
            About {costText(waiting.cost, waiting.source)}, which may take some seconds.
          </Text>
          <Button size="xs" onClick={read}>
            Read it
          </Button>
        </Alert>
      )}
      <div className="chart-area" aria-busy={isLoading} ref={area}>
        {answer === undefined && isLoading && <Loading lines={6} />}
        {answer !== undefined && waiting === undefined && (
          <>
            {shown && <FleetHappenings of={shown} gaps={gaps} asked={asked} />}
            <Answered title={title} answer={answer} />
          </>
        )}
      </div>
    </ChartFrameContext>
  );
}

/** Tells the style sheet where the plot begins and ends, so that lanes do too. */
function alignWith(plot: Element, area: HTMLElement): void {
  const [inner, outer] = [plot.getBoundingClientRect(), area.getBoundingClientRect()];
  area.style.setProperty("--plot-left", `${inner.left - outer.left}px`);
  area.style.setProperty("--plot-right", `${outer.right - inner.right}px`);
}

/** A live range ends with the newest window. */
function intervalOf({ range }: ChartView, answer: FleetAnswer | undefined): Interval {
  if (!isLive(range)) return range;
  const to = answer?.to ?? Date.now();
  return { from: to - range.last, to };
}

function titleOf({ metric, summing }: FleetQuestion): string {
  const word = FUNCTIONS.find(({ value }) => value === summing)?.label ?? summing;
  return `${metricTitle(metric)}: ${word.charAt(0).toLowerCase()}${word.slice(1)}`;
}

function Answered({ title, answer }: { readonly title: string; readonly answer: FleetAnswer }) {
  const lines = useMemo(() => linesOf(answer), [answer]);
  const { cost, source, step, pending, leftOut, series } = answer;
  if (lines.length === 0 && series.every(({ before }) => typeof before !== "number"))
    return (
      <Empty title="Nothing was recorded in this time">
        None of these devices has samples of it here. Choose a longer range, another metric, or other devices.
      </Empty>
    );
  return (
    <>
      <Suspense fallback={<Loading lines={6} />}>
        {lines.length > 0 && (
          <div className="grid">
            <ChartBox title={title} lines={lines} marked={NOTHING_MARKED} />
          </div>
        )}
      </Suspense>
      <Text size="sm" c="dimmed" my="sm" role="status">
        Windows of {step}; read: {costText(cost, source)}.
        {pending > 0 && ` The newest samples of ${counted(pending, "hour")} of devices are not in it yet.`}
        {leftOut > 0 &&
          ` ${counted(leftOut, "device")} of other control planes left out: of these only windows of a minute are known.`}
      </Text>
      {notHeard(answer).map(({ name, knownUpTo }) => (
        <Text key={name} size="sm" c="dimmed" my="sm" role="status">
          Of devices that come by <Plain text={name} /> nothing is known
          {knownUpTo === undefined ? " yet" : " after "}
          {knownUpTo !== undefined && <Instant at={knownUpTo} />}, which is not zero.
        </Text>
      ))}
      <GroupTable title={`${title}, over the whole time`} answer={answer} />
    </>
  );
}

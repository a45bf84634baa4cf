import { Text } from "@mantine/core";
import { lazy, memo, Suspense, useMemo } from "react";
import { visible } from "../data/hostile-text.ts";
import { groupTitle, metricTitle, metricUnit, planCharts, type ChartPlan } from "../data/metric.ts";
import type { History, Series } from "../data/samples.ts";
import { Loading } from "./answer.tsx";
import type { ChartLine } from "./chart.tsx";
import { ChartTable } from "./chart-table.tsx";

const Chart = lazy(async () => ({ default: (await import("./chart.tsx")).Chart }));

/** More lines than these cannot be told apart. */
export const LINES_AT_MOST = 12;

/** All charts of a device, by group. */
export const ChartBoard = memo(function ChartBoard({
  history,
  device,
  metrics,
}: {
  readonly history: History;
  /** What the device is called. */
  readonly device: string;
  /** Which of its metrics are shown. */
  readonly metrics: readonly string[];
}) {
  return (
    <Suspense fallback={<Loading lines={6} />}>
      {planCharts(metrics).map(([group, plans]) => (
        <section key={group} className="chart-group" aria-label={groupTitle(group)}>
          <h2>{groupTitle(group)}</h2>
          <div className="grid charts">
            {plans.map((plan) => (
              <PlannedChart key={plan.metrics.join()} plan={plan} history={history} device={device} />
            ))}
          </div>
        </section>
      ))}
    </Suspense>
  );
});

function PlannedChart({
  plan,
  history,
  device,
}: {
  readonly plan: ChartPlan;
  readonly history: History;
  readonly device: string;
}) {
  const lines = useMemo(() => {
    const all = plan.metrics.flatMap((wanted) => history.series.filter(({ metric }) => metric === wanted));
    const labelOf = ({ metric, instance }: Series) =>
      [plan.metrics.length > 1 || instance === "" ? metricTitle(metric) : "", instance].filter(Boolean).join(" ");
    return all.map((each) => ({ ...each, gaps: history.gaps, device, label: labelOf(each) }));
  }, [plan, history, device]);
  return <ChartBox title={plan.title} lines={lines} marked={history} />;
}

/** A chart with its name, unit and table. */
export function ChartBox({
  title,
  lines,
  marked,
}: {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly marked: Pick<History, "gaps" | "estimated">;
}) {
  const shown = useMemo(() => lines.slice(0, LINES_AT_MOST), [lines]);
  const unit = metricUnit(lines[0]?.metric ?? "");
  return (
    <figure className="chart">
      <figcaption>
        <bdi>{visible(title)}</bdi>
        <small>{unit}</small>
        <ChartTable title={title} lines={lines} />
      </figcaption>
      <Chart title={title} lines={shown} marked={marked} />
      {lines.length > shown.length && (
        <Text size="xs" c="dimmed">
          {shown.length} of {lines.length} lines; the table has all
        </Text>
      )}
    </figure>
  );
}

import "../parts/chart.css";
import { Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { lazy, Suspense, useMemo, useState } from "react";
import { explainGap, joinedGaps, SILENCE } from "../data/gaps.ts";
import { useHistory } from "../data/history.ts";
import { visible } from "../data/hostile-text.ts";
import type { History, Series } from "../data/samples.ts";
import { groupTitle, metricTitle, metricUnit, planCharts, type ChartPlan } from "../data/metric.ts";
import { Empty, Failure, Loading } from "../parts/answer.tsx";
import { Icon } from "../parts/icon.tsx";
import { Plain } from "../parts/plain.tsx";
import { counted } from "../data/format.ts";

const Chart = lazy(async () => ({ default: (await import("../parts/chart.tsx")).Chart }));

const MINUTE = 60_000;
const RANGES = [
  { label: "5 min", value: String(5 * MINUTE) },
  { label: "30 min", value: String(30 * MINUTE) },
  { label: "1 h", value: String(60 * MINUTE) },
  { label: "6 h", value: String(360 * MINUTE) },
  { label: "24 h", value: String(1_440 * MINUTE) },
];
/** More lines than these cannot be told apart. */
const LINES_AT_MOST = 12;

/** What the device measures, live. */
export function DeviceCharts({
  device,
  since,
}: {
  readonly device: string;
  /** When it enrolled: before that there is nothing to show. */
  readonly since: number;
}) {
  const [range, setRange] = useLocalStorage({ key: "edgemere-chart-range", defaultValue: RANGES[0]?.value ?? "" });
  const [zone, setZone] = useLocalStorage({ key: "edgemere-chart-zone", defaultValue: "local" });
  const [filter, setFilter] = useState("");
  const { history: whole, error } = useHistory(device, Number(range));
  const gaps = useMemo(() => (whole ? joinedGaps(whole) : []), [whole]);
  const history = whole && {
    ...whole,
    gaps,
    from: Math.max(whole.from, Math.min(since, whole.to - MINUTE)),
  };
  return (
    <>
      <Group mb="md" gap="sm">
        <SegmentedControl aria-label="Time range" size="xs" data={RANGES} value={range} onChange={setRange} />
        <SegmentedControl
          aria-label="Time zone"
          size="xs"
          data={[
            { label: `Local (${new Intl.DateTimeFormat().resolvedOptions().timeZone})`, value: "local" },
            { label: "UTC", value: "utc" },
          ]}
          value={zone}
          onChange={setZone}
        />
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
      </Group>
      {error !== undefined && <Failure error={error} isStale={history !== undefined} />}
      {history === undefined && error === undefined && <Loading lines={6} />}
      {history && <Charts history={history} filter={filter.trim().toLowerCase()} isUtc={zone === "utc"} />}
    </>
  );
}

function Charts({
  history,
  filter,
  isUtc,
}: {
  readonly history: History;
  readonly filter: string;
  readonly isUtc: boolean;
}) {
  const metrics = history.series.map(({ metric }) => metric).filter((metric) => metric.includes(filter));
  if (metrics.length === 0)
    return (
      <Empty title={filter === "" ? "Nothing was recorded in this time" : "No metric is named like that"}>
        {filter === ""
          ? "The device was off, or its samples have not arrived yet: that is not the same as zero. Choose a longer range, or wait for it to come back."
          : "Clear the field to see all metrics."}
      </Empty>
    );
  return (
    <Suspense fallback={<Loading lines={6} />}>
      <NotRecorded history={history} />
      {planCharts(metrics).map(([group, plans]) => (
        <section key={group} className="chart-group" aria-label={groupTitle(group)}>
          <h2>{groupTitle(group)}</h2>
          <div className="grid charts">
            {plans.map((plan) => (
              <ChartBox key={plan.metrics.join()} plan={plan} history={history} isUtc={isUtc} />
            ))}
          </div>
        </section>
      ))}
    </Suspense>
  );
}

/** What the shaded bands mean, in words; and what else a reader of the charts must know. */
function NotRecorded({ history: { gaps, estimated } }: { readonly history: History }) {
  const reasons = [...new Set(gaps.map(({ reason }) => reason))];
  if (reasons.length + estimated.length === 0) return null;
  return (
    <Stack gap={4} mb="md">
      {reasons.map((reason) => (
        <Text key={reason} size="sm" c="dimmed">
          <span className="gap-mark" data-reason={reason === SILENCE ? "silence" : "loss"} aria-hidden="true" /> Not
          recorded, shaded {reason === SILENCE ? "grey" : "red"},{" "}
          {counted(gaps.filter((gap) => gap.reason === reason).length, "time")}: <Plain text={explainGap(reason)} />.
        </Text>
      ))}
      {estimated.length > 0 && (
        <Text size="sm" c="dimmed">
          Some samples are dated by a guess: the device did not know the time when it made them.
        </Text>
      )}
    </Stack>
  );
}

function ChartBox({
  plan,
  history,
  isUtc,
}: {
  readonly plan: ChartPlan;
  readonly history: History;
  readonly isUtc: boolean;
}) {
  const all = plan.metrics.flatMap((wanted) => history.series.filter(({ metric }) => metric === wanted));
  const series = all.slice(0, LINES_AT_MOST);
  const unit = metricUnit(series[0]?.metric ?? "");
  const labelOf = ({ metric, instance }: Series) =>
    [plan.metrics.length > 1 || instance === "" ? metricTitle(metric) : "", visible(instance)]
      .filter(Boolean)
      .join(" ");
  return (
    <figure className="chart">
      <figcaption>
        <span>{plan.title}</span>
        {unit !== "" && <small>{unit}</small>}
      </figcaption>
      <Chart title={plan.title} series={series} labelOf={labelOf} range={history} isUtc={isUtc} />
      {all.length > series.length && (
        <Text size="xs" c="dimmed">
          {series.length} of {all.length} lines
        </Text>
      )}
    </figure>
  );
}

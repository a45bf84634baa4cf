import "../parts/chart.css";
import { Group, SegmentedControl, Select, Text } from "@mantine/core";
import { useSearchParams } from "wouter";
import { labelNames, ranked } from "../data/compared.ts";
import { useFleetLatest } from "../data/fleet-latest.ts";
import { counted } from "../data/format.ts";
import { visible } from "../data/hostile-text.ts";
import { useRead } from "../data/queries.ts";
import { describeError, isRefusal } from "../data/refusal.ts";
import type { DeviceRow } from "../data/rows.ts";
import { Answer, Empty, Failure, Loading } from "../parts/answer.tsx";
import { LINES_AT_MOST } from "../parts/chart-board.tsx";
import { CompareBoard } from "../parts/compare-board.tsx";
import { DeviceSearch } from "../parts/device-search.tsx";
import { RankingTable } from "../parts/ranking-table.tsx";

/** Devices that are looked at side by side: each is asked for its newest values. */
const DEVICES_AT_MOST = 50;
const FIRST_METRIC = "cpu.busy_percent";

/** One metric of many devices: who is highest now, and how it went. What is shown stands in the address. */
export function DeviceComparison() {
  const [parameters, setParameters] = useSearchParams();
  const selector = parameters.get("selector") ?? "";
  const devices = useRead(
    "cpl/dm/device/list",
    { limit: DEVICES_AT_MOST, ...(selector !== "" && { selector }) },
    { keepPrevious: true },
  );
  const set = (changes: Readonly<Record<string, string | null>>) =>
    setParameters((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(changes))
        if (value === null || value === "") next.delete(name);
        else next.set(name, value);
      return next;
    });
  const isSelectorWrong = isRefusal(devices.error, "invalid-input");
  return (
    <>
      <DeviceSearch
        key={selector}
        selector={selector}
        onSearch={(text) => set({ selector: text, devices: null })}
        error={isSelectorWrong ? describeError(devices.error).detail : undefined}
      />
      {!isSelectorWrong && (
        <Answer of={devices} lines={8}>
          {({ items, total }) =>
            items.length === 0 ? (
              <Empty title={selector === "" ? "No device is enrolled yet" : "No device is like that"}>
                Charts of several devices appear here side by side.
              </Empty>
            ) : (
              <Compared devices={items} total={total} parameters={parameters} onSet={set} />
            )
          }
        </Answer>
      )}
    </>
  );
}

function Compared({
  devices,
  total = devices.length,
  parameters,
  onSet,
}: {
  readonly devices: readonly DeviceRow[];
  readonly total: number | undefined;
  readonly parameters: URLSearchParams;
  readonly onSet: (changes: Readonly<Record<string, string | null>>) => void;
}) {
  const latest = useFleetLatest(devices.map(({ id }) => id));
  const metric =
    parameters.get("metric") ??
    (latest.metrics.includes(FIRST_METRIC) ? FIRST_METRIC : latest.metrics[0]) ??
    FIRST_METRIC;
  const by = parameters.get("by") ?? undefined;
  const isApart = parameters.get("layout") === "apart";
  const wanted = parameters.get("devices")?.split(",") ?? devices.slice(0, LINES_AT_MOST).map(({ id }) => id);
  const chosen = devices.filter(({ id }) => wanted.includes(id)).slice(0, LINES_AT_MOST);
  const toggle = (id: string) =>
    onSet({
      devices: (wanted.includes(id) ? wanted.filter((each) => each !== id) : [...wanted, id]).join(",") || "none",
    });
  if (latest.isLoading && latest.metrics.length === 0) return <Loading lines={8} />;
  return (
    <>
      {latest.error !== undefined && <Failure error={latest.error} isStale />}
      <Group mb="md" gap="sm" align="end">
        <Select
          size="xs"
          label="Metric"
          searchable
          allowDeselect={false}
          data={[...new Set([metric, ...latest.metrics])].sort().map((each) => ({ value: each, label: visible(each) }))}
          value={metric}
          onChange={(next) => onSet({ metric: next })}
        />
        <Select
          size="xs"
          label="Group by label"
          placeholder="no label"
          clearable
          clearButtonProps={{ "aria-label": "No group" }}
          data={labelNames(devices).map((each) => ({ value: each, label: visible(each) }))}
          value={by ?? null}
          onChange={(next) => onSet({ by: next })}
        />
        <SegmentedControl
          aria-label="Charts"
          size="xs"
          data={[
            { value: "together", label: "Together" },
            { value: "apart", label: "A chart each" },
          ]}
          value={isApart ? "apart" : "together"}
          onChange={(layout) => onSet({ layout: layout === "apart" ? layout : null })}
        />
      </Group>
      <CompareBoard devices={chosen} metric={metric} by={by} isApart={isApart} />
      <RankingTable
        metric={metric}
        devices={ranked(devices, ({ id }) => latest.highest(id, metric)?.value)}
        newestOf={({ id }) => latest.highest(id, metric)}
        isChosen={({ id }) => chosen.some((each) => each.id === id)}
        isFull={chosen.length === LINES_AT_MOST}
        onToggle={({ id }) => toggle(id)}
      />
      {total > devices.length && (
        <Text size="sm" c="dimmed" mt="sm">
          The first {devices.length} of {counted(total, "device")}. Search for those that you mean.
        </Text>
      )}
    </>
  );
}

import "../parts/chart.css";
import { Autocomplete, Group, Select, TagsInput } from "@mantine/core";
import { useSearchParams } from "wouter";
import { labelNames } from "../data/compared.ts";
import { useFleetLatest } from "../data/fleet-latest.ts";
import { FUNCTIONS, questionIn, RANKINGS, type FleetQuestion } from "../data/fleet-query.ts";
import { visible } from "../data/hostile-text.ts";
import { useRead } from "../data/queries.ts";
import { DeviceSearch } from "../parts/device-search.tsx";
import { FleetBoard } from "../parts/fleet-board.tsx";

/** So many devices are looked at for the names of metrics and labels. */
const LOOKED_AT = 10;
const GROUPS_AT_MOST = 5;

/** One metric of the whole fleet, summed up by group. What is asked stands in the address. */
export function FleetCharts() {
  const [parameters, setParameters] = useSearchParams();
  const question = questionIn(parameters);
  const set = (name: string, value: string | null) =>
    setParameters((before) => {
      const next = new URLSearchParams(before);
      if (value === null || value === "") next.delete(name);
      else next.set(name, value);
      return next;
    });
  return (
    <>
      <DeviceSearch
        key={question.selector}
        selector={question.selector}
        onSearch={(text) => set("selector", text)}
        error={undefined}
      />
      <Questions question={question} onSet={set} />
      <FleetBoard question={question} />
    </>
  );
}

function Questions({
  question: { metric, summing, by, adevice, ranking },
  onSet,
}: {
  readonly question: FleetQuestion;
  readonly onSet: (name: string, value: string | null) => void;
}) {
  const devices = useRead("cpl/dm/device/list", { limit: LOOKED_AT });
  const rows = devices.data?.items ?? [];
  const { metrics } = useFleetLatest(rows.map(({ id }) => id));
  const adevices = useRead("cpl/ta/adevice/list", { limit: 500 });
  const names = (adevices.data?.items ?? []).map(({ name }) => name);
  return (
    <Group mb="md" gap="sm" align="end">
      <Autocomplete
        // What another address says is typed for whoever follows it.
        key={metric}
        size="xs"
        label="Metric"
        data={metrics.map((each) => ({ value: each, label: visible(each) }))}
        limit={100}
        defaultValue={metric}
        onOptionSubmit={(next) => onSet("metric", next)}
        onKeyDown={({ key, currentTarget }) => key === "Enter" && onSet("metric", currentTarget.value.trim())}
        onBlur={({ currentTarget }) => onSet("metric", currentTarget.value.trim())}
      />
      <Select
        size="xs"
        label="Function"
        allowDeselect={false}
        data={[...FUNCTIONS]}
        value={summing}
        onChange={(next) => onSet("function", next)}
      />
      <TagsInput
        size="xs"
        label="Group by"
        placeholder={by.length === 0 ? "everything together" : ""}
        maxTags={GROUPS_AT_MOST}
        clearable
        clearButtonProps={{ "aria-label": "No group" }}
        data={["device", "instance", ...labelNames(rows)].map((each) => ({ value: each, label: visible(each) }))}
        value={[...by]}
        onChange={(next) => onSet("by", next.join(","))}
      />
      <Select
        size="xs"
        label="Show"
        allowDeselect={false}
        data={[...RANKINGS]}
        value={ranking}
        onChange={(next) => onSet("show", next === "all" ? null : next)}
      />
      <Select
        size="xs"
        label="Aggregated device"
        placeholder="the whole fleet"
        clearable
        clearButtonProps={{ "aria-label": "The whole fleet" }}
        data={[...new Set([...names, ...(adevice === "" ? [] : [adevice])])].map((each) => ({
          value: each,
          label: visible(each),
        }))}
        value={adevice === "" ? null : adevice}
        onChange={(next) => onSet("adevice", next)}
      />
    </Group>
  );
}

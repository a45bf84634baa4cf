import { summedMetric } from "@edgemere/protocol/metric-unit";
import { useSearchParams } from "wouter";
import { changeText, deviceLink, groupName, type FleetAnswer } from "../data/fleet-query.ts";
import { counted } from "../data/format.ts";
import { formatValue } from "../data/metric.ts";
import { DataTable, type Column } from "./data-table.tsx";
import { Section } from "./section.tsx";
import { ShareBar } from "./share-bar.tsx";

type FleetGroup = FleetAnswer["series"][number];

/** Groups by their value over the whole range, with what it was before where that was asked for; a device leads to its charts. */
export function GroupTable({ title, answer }: { readonly title: string; readonly answer: FleetAnswer }) {
  const [parameters] = useSearchParams();
  const { series, omitted } = answer;
  const most = Math.max(0, ...series.map(({ overall }) => overall ?? 0));
  const text = (metric: string, value: number | null | undefined) =>
    typeof value === "number" ? formatValue(summedMetric(metric, answer.function), value) : "not recorded";
  const isCompared = series.some(({ change }) => change !== undefined);
  const columns: readonly Column<FleetGroup>[] = [
    { title: "Group", cell: (group) => <bdi>{groupName(group)}</bdi> },
    {
      title: "Value",
      align: "right",
      cell: ({ metric, overall }) => (
        <>
          {text(metric, overall)}
          <ShareBar value={overall ?? 0} most={most} />
        </>
      ),
    },
    ...(isCompared
      ? ([
          { title: "Before", align: "right", isMinor: "slightly", cell: ({ metric, before }) => text(metric, before) },
          { title: "Change", align: "right", cell: changeText },
        ] satisfies Column<FleetGroup>[])
      : []),
    { title: "Devices", align: "right", isMinor: "slightly", cell: ({ devices }) => devices.toLocaleString() },
  ];
  return (
    <Section title={title}>
      <DataTable
        caption="Groups by their value over the whole time"
        rows={series}
        keyOf={({ by, metric }) => JSON.stringify([metric, by])}
        linkOf={(group) => deviceLink(group, parameters)}
        columns={columns}
      />
      {omitted > 0 && <p className="quiet">{counted(omitted, "group")} more, further down the list.</p>}
    </Section>
  );
}

import { Button } from "@mantine/core";
import { metricTitle, readingText } from "../data/metric.ts";
import type { DeviceRow } from "../data/rows.ts";
import type { Newest } from "../data/fleet-latest.ts";
import { Instant } from "./instant.tsx";
import { DataTable } from "./data-table.tsx";
import { Labels } from "./labels.tsx";
import { Plain } from "./plain.tsx";
import { Presence } from "./presence.tsx";
import { Section } from "./section.tsx";
import { ShareBar } from "./share-bar.tsx";

/** Devices by their newest value of a metric, and which of them are in the charts. */
export function RankingTable({
  metric,
  devices,
  newestOf,
  isChosen,
  isFull,
  onToggle,
}: {
  readonly metric: string;
  /** The highest first. */
  readonly devices: readonly DeviceRow[];
  readonly newestOf: (device: DeviceRow) => Newest | undefined;
  readonly isChosen: (device: DeviceRow) => boolean;
  /** No more devices can be in the charts. */
  readonly isFull: boolean;
  readonly onToggle: (device: DeviceRow) => void;
}) {
  const most = Math.max(0, ...devices.map((each) => newestOf(each)?.value ?? 0));
  return (
    <Section title={`${metricTitle(metric)} now, the highest first`}>
      <DataTable
        caption="Devices by their newest value"
        rows={devices}
        keyOf={({ id }) => id}
        linkOf={({ id }) => `/devices/${encodeURIComponent(id)}`}
        columns={[
          { title: "Device", cell: ({ name }) => <Plain text={name} /> },
          {
            title: "Newest",
            align: "right",
            cell: (device) => {
              const newest = newestOf(device);
              return (
                <>
                  {readingText(metric, newest)}
                  <ShareBar value={newest?.value ?? 0} most={most} />
                </>
              );
            },
          },
          {
            title: "When",
            cell: (device) => {
              const newest = newestOf(device);
              return newest && <Instant at={newest.at} />;
            },
          },
          { title: "Presence", isMinor: "slightly", cell: ({ presence }) => <Presence presence={presence} /> },
          { title: "Labels", isMinor: true, cell: ({ labels }) => <Labels of={labels} /> },
          {
            title: "Chart",
            align: "right",
            cell: (device) => (
              <Button
                size="compact-xs"
                variant={isChosen(device) ? "light" : "default"}
                aria-pressed={isChosen(device)}
                aria-label={`${device.name} in the charts`}
                disabled={isFull && !isChosen(device)}
                onClick={() => onToggle(device)}
              >
                {isChosen(device) ? "Shown" : "Show"}
              </Button>
            ),
          },
        ]}
      />
    </Section>
  );
}

import { useParams } from "wouter";
import { Page } from "../parts/page.tsx";
import { RoutedTabs } from "../parts/tabs.tsx";
import { AggregatedDevices } from "./charts-adevices.tsx";
import { ChildControlPlanes } from "./charts-children.tsx";
import { DeviceComparison } from "./charts-devices.tsx";
import { FleetCharts } from "./charts-fleet.tsx";

/** What many devices measure: side by side, summed up by group, and as one. */
export function Charts() {
  const { tab } = useParams();
  return (
    <Page title="Charts">
      <RoutedTabs
        label="Charts"
        base="/charts"
        chosen={tab}
        tabs={[
          { id: "devices", title: "Device by device", content: () => <DeviceComparison /> },
          { id: "fleet", title: "Summed up", content: () => <FleetCharts /> },
          { id: "adevices", title: "Aggregated devices", content: () => <AggregatedDevices /> },
          { id: "children", title: "Control planes", content: () => <ChildControlPlanes /> },
        ]}
      />
    </Page>
  );
}

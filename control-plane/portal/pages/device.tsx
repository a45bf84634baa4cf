import { useParams } from "wouter";
import { useRead } from "../data/queries.ts";
import { Answer } from "../parts/answer.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Labels } from "../parts/labels.tsx";
import { Page } from "../parts/page.tsx";
import { Presence } from "../parts/presence.tsx";
import { State } from "../parts/state.tsx";
import { RoutedTabs } from "../parts/tabs.tsx";
import { Troubles } from "../parts/troubles.tsx";
import { DeviceAlerts } from "./device-alerts.tsx";
import { DeviceCharts } from "./device-charts.tsx";
import { DeviceCommands } from "./device-commands.tsx";
import { DeviceDataSources } from "./device-data.tsx";
import { DeviceDelivery } from "./device-delivery.tsx";
import { DeviceDetails } from "./device-details.tsx";
import { DeviceFiles } from "./device-files.tsx";
import { DeviceInventory } from "./device-inventory.tsx";
import { DeviceStory } from "./device-story.tsx";

const TRAIL = [{ label: "Devices", to: "/devices" }];

/** All about one device. */
export function Device() {
  const { device = "", tab } = useParams();
  const found = useRead("cpl/dm/device/find", { device });
  return (
    <Answer of={found} lines={8}>
      {(row) => (
        <Page
          title={row.name}
          trail={TRAIL}
          badge={
            <>
              <Presence presence={row.presence} />
              {row.state !== "active" && <State state={row.state} />}
            </>
          }
          actions={
            <span className="quiet">
              {row.presence} since <ExactInstant at={row.presenceAt} />
            </span>
          }
        >
          {Object.keys(row.labels).length > 0 && <Labels of={row.labels} />}
          <Troubles device={row} />
          <RoutedTabs
            label="About the device"
            base={`/devices/${encodeURIComponent(device)}`}
            chosen={tab}
            tabs={[
              {
                id: "charts",
                title: "Charts",
                content: () => <DeviceCharts device={row.id} name={row.name} since={row.createdAt} />,
              },
              { id: "inventory", title: "Inventory", content: () => <DeviceInventory device={row} /> },
              { id: "commands", title: "Commands", content: () => <DeviceCommands device={row} /> },
              { id: "story", title: "Time line", content: () => <DeviceStory device={row} /> },
              { id: "alerts", title: "Alerts", content: () => <DeviceAlerts device={row} /> },
              { id: "data", title: "Data", content: () => <DeviceDataSources device={row} /> },
              { id: "files", title: "Files", content: () => <DeviceFiles device={row} /> },
              { id: "delivery", title: "Delivery", content: () => <DeviceDelivery device={row.id} /> },
              { id: "details", title: "Details", content: () => <DeviceDetails device={row} /> },
            ]}
          />
        </Page>
      )}
    </Answer>
  );
}

import { useParams } from "wouter";
import { FindData } from "../parts/find-data.tsx";
import { Page } from "../parts/page.tsx";
import { RoutedTabs } from "../parts/tabs.tsx";
import { Catalogue } from "./data-catalogue.tsx";
import { DataInstances } from "./data-instances.tsx";
import { DataMap } from "./data-map.tsx";
import { DataReservations } from "./data-reservations.tsx";
import { DataRequests } from "./data-requests.tsx";

/** Where which data is, and who needs it. */
export function Data() {
  const { tab } = useParams();
  return (
    <Page title="Data" actions={<FindData />}>
      <RoutedTabs
        label="Data"
        base="/data"
        chosen={tab}
        tabs={[
          { id: "catalogue", title: "Catalogue", content: () => <Catalogue /> },
          { id: "map", title: "Map", content: () => <DataMap /> },
          { id: "requests", title: "Requests", content: () => <DataRequests /> },
          { id: "reservations", title: "Reservations", content: () => <DataReservations /> },
          { id: "instances", title: "Instances", content: () => <DataInstances /> },
        ]}
      />
    </Page>
  );
}

import { useDeviceNames } from "../data/device-names.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Empty } from "../parts/answer.tsx";
import { Cost } from "../parts/cost.tsx";
import { Instant } from "../parts/instant.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Plain } from "../parts/plain.tsx";
import { State } from "../parts/state.tsx";

/** What is held for requests, what was decided about it, and what that costs. */
export function DataReservations() {
  const paging = usePaging("");
  const reservations = useRead("diml/dml/do/datareservation/list", {
    limit: 50,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  const nameOf = useDeviceNames();
  const sources = useRead("diml/dml/fmdm/datasource/list", { limit: 500 });
  const pieces = useRead("diml/dml/fmdm/data/list", { limit: 500 });
  const dataOf = (id: string) => pieces.data?.items.find((each) => each.id === id)?.name ?? id;
  const placeOf = (id: string) => {
    const source = sources.data?.items.find((each) => each.id === id);
    return source === undefined ? id : `${source.name} on ${nameOf(source.device)}`;
  };
  return (
    <PagedTable
      of={reservations}
      paging={paging}
      noun="reservation"
      empty={<Empty title="Nothing is held for a request" />}
      caption="Data reservations, newest first"
      keyOf={({ id }) => id}
      linkOf={({ request }) => `/data/requests/${encodeURIComponent(request)}`}
      columns={[
        { title: "Data", cell: ({ data }) => <Plain text={dataOf(data)} /> },
        { title: "State", cell: ({ state }) => <State state={state} /> },
        { title: "Place", cell: ({ source, target }) => <Plain text={placeOf(target ?? source)} /> },
        { title: "Decision", isMinor: "slightly", cell: ({ decision }) => decision ?? "–" },
        { title: "Why", isMinor: "slightly", cell: ({ reason }) => <Plain text={reason || "–"} /> },
        { title: "Cost", align: "right", cell: ({ cost }) => <Cost of={cost} /> },
        { title: "From", isMinor: true, cell: ({ source }) => <Plain text={placeOf(source)} /> },
        { title: "Held until", isMinor: true, cell: ({ expiresAt }) => <Instant at={expiresAt} /> },
      ]}
    />
  );
}

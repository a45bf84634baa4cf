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
  const sources = useRead("diml/dml/fmdm/datasource/list", { limit: 500 });
  const sourceOf = (id: string) => sources.data?.items.find((each) => each.id === id)?.name ?? id;
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
        { title: "For", cell: ({ source, target }) => <Plain text={sourceOf(target ?? source)} /> },
        { title: "State", cell: ({ state }) => <State state={state} /> },
        { title: "Decision", cell: ({ decision }) => decision ?? "–" },
        { title: "Why", isMinor: "slightly", cell: ({ reason }) => <Plain text={reason || "–"} /> },
        { title: "Cost", align: "right", cell: ({ cost }) => <Cost of={cost} /> },
        { title: "From", isMinor: true, cell: ({ source }) => <Plain text={sourceOf(source)} /> },
        { title: "Held until", isMinor: true, cell: ({ expiresAt }) => <Instant at={expiresAt} /> },
      ]}
    />
  );
}

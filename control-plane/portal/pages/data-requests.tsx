import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Empty } from "../parts/answer.tsx";
import { Cost } from "../parts/cost.tsx";
import { Instant } from "../parts/instant.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Plain } from "../parts/plain.tsx";
import { State } from "../parts/state.tsx";

/** What applications need, and how far that is. */
export function DataRequests() {
  const paging = usePaging("");
  const requests = useRead("diml/dml/do/datarequest/list", {
    limit: 50,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <PagedTable
      of={requests}
      paging={paging}
      noun="request"
      empty={
        <Empty title="Nobody has asked for data yet">
          “Find data” makes a request: say what is needed, not where it lies.
        </Empty>
      }
      caption="Data requests, newest first"
      keyOf={({ id }) => id}
      linkOf={({ id }) => `/data/requests/${encodeURIComponent(id)}`}
      columns={[
        { title: "Name", cell: ({ name }) => <Plain text={name} /> },
        { title: "State", cell: ({ state }) => <State state={state} /> },
        { title: "Query", isMinor: "slightly", cell: ({ query }) => <Plain text={query} /> },
        {
          title: "Cost",
          align: "right",
          isMinor: "slightly",
          cell: ({ cost }) => (cost === undefined ? "–" : <Cost of={cost} />),
        },
        {
          title: "Trouble",
          isMinor: true,
          cell: ({ reason, cause }) => <Plain text={reason || cause || "–"} />,
        },
        { title: "By", isMinor: true, cell: ({ author }) => <Plain text={author} /> },
        { title: "Made", cell: ({ createdAt }) => <Instant at={createdAt} /> },
      ]}
    />
  );
}

import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Instant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
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
    <Answer of={requests} lines={6}>
      {({ items, next, total }) =>
        items.length === 0 ? (
          <Empty title="Nobody has asked for data yet">
            “Find data” makes a request: say what is needed, not where it lies.
          </Empty>
        ) : (
          <>
            <DataTable
              caption="Data requests, newest first"
              rows={items}
              keyOf={({ id }) => id}
              linkOf={({ id }) => `/data/requests/${encodeURIComponent(id)}`}
              columns={[
                { title: "Name", cell: ({ name }) => <Plain text={name} /> },
                { title: "State", cell: ({ state }) => <State state={state} /> },
                { title: "Query", isMinor: "slightly", cell: ({ query }) => <Plain text={query} /> },
                { title: "By", isMinor: true, cell: ({ author }) => <Plain text={author} /> },
                { title: "Made", cell: ({ createdAt }) => <Instant at={createdAt} /> },
              ]}
            />
            <Pager paging={paging} next={next} shown={items.length} total={total} noun="request" />
          </>
        )
      }
    </Answer>
  );
}

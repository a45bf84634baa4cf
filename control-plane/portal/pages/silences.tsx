import { Button } from "@mantine/core";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Empty, Failure } from "../parts/answer.tsx";
import { ExactInstant, Instant } from "../parts/instant.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Plain } from "../parts/plain.tsx";
import { State } from "../parts/state.tsx";

/** Times in which somebody said that alerts are no surprise. */
export function Silences() {
  const paging = usePaging("");
  const silences = useRead(
    "sa/pe/silence/list",
    { limit: 50, ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { keepPrevious: true },
  );
  const end = useWrite("sa/pe/silence/end");
  const may = useMay("policy:write");
  return (
    <>
      {end.isError && <Failure error={end.error} />}
      <PagedTable
        of={silences}
        paging={paging}
        noun="silence"
        empty={
          <Empty title="There is no silence">
            “Silence” says that alerts of some devices are no surprise for a time, such as while their rack is moved.
          </Empty>
        }
        caption="Silences, newest first"
        keyOf={({ id }) => id}
        columns={[
          { title: "Why", cell: ({ reason }) => <Plain text={reason} /> },
          { title: "State", cell: ({ state }) => <State state={state} /> },
          { title: "Devices", cell: ({ selector }) => <Plain text={selector === "" ? "all" : selector} /> },
          { title: "Policy", isMinor: "slightly", cell: ({ policy }) => <Plain text={policy ?? "all"} /> },
          { title: "From", isMinor: true, cell: ({ from }) => <ExactInstant at={from} /> },
          { title: "Until", cell: ({ until }) => <Instant at={until} /> },
          { title: "By", isMinor: true, cell: ({ author }) => <Plain text={author} /> },
          {
            title: "Change",
            align: "right",
            cell: ({ id, reason, state }) =>
              state === "active" && (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`End the silence: ${reason}`}
                  disabled={!may || end.isPending}
                  onClick={() => end.mutate({ silence: id })}
                >
                  End
                </Button>
              ),
          },
        ]}
      />
    </>
  );
}

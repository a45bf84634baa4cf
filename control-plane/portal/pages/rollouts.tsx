import { Button } from "@mantine/core";
import { Link } from "wouter";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Empty } from "../parts/answer.tsx";
import { Instant } from "../parts/instant.tsx";
import { Page } from "../parts/page.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Plain } from "../parts/plain.tsx";
import { countsOf } from "../parts/rollout-waves.tsx";
import { State } from "../parts/state.tsx";

/** What many devices were asked to do, wave by wave. */
export function Rollouts() {
  const paging = usePaging("");
  const rollouts = useRead(
    "cpl/dm/rollout/list",
    { limit: 50, ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { keepPrevious: true },
  );
  return (
    <Page
      title="Rollouts"
      actions={
        <Button component={Link} href="/rollouts/new" size="xs">
          Plan a rollout
        </Button>
      }
    >
      <PagedTable
        of={rollouts}
        paging={paging}
        noun="rollout"
        lines={8}
        empty={
          <Empty title="There is no rollout yet">Plan one: you see whom it touches before anything is sent.</Empty>
        }
        caption="Rollouts, newest first"
        keyOf={({ id }) => id}
        linkOf={({ id }) => `/rollouts/${encodeURIComponent(id)}`}
        columns={[
          { title: "Kind", cell: ({ kind }) => kind },
          { title: "State", cell: ({ state }) => <State state={state} /> },
          {
            title: "Succeeded",
            align: "right",
            cell: ({ waves }) => {
              const { succeeded, targets } = countsOf(waves);
              return `${succeeded.toLocaleString()} of ${targets.toLocaleString()}`;
            },
          },
          {
            title: "Which",
            isMinor: "slightly",
            cell: ({ selector }) => <Plain text={selector ?? "by name"} />,
          },
          { title: "By", isMinor: true, cell: ({ author }) => <Plain text={author} /> },
          { title: "Made", cell: ({ createdAt }) => <Instant at={createdAt} /> },
        ]}
      />
    </Page>
  );
}

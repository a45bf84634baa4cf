import { Button } from "@mantine/core";
import { Link } from "wouter";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Instant } from "../parts/instant.tsx";
import { Page } from "../parts/page.tsx";
import { Pager } from "../parts/pager.tsx";
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
      <Answer of={rollouts} lines={8}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="There is no rollout yet">Plan one: you see whom it touches before anything is sent.</Empty>
          ) : (
            <>
              <DataTable
                caption="Rollouts, newest first"
                rows={items}
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
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="rollout" />
            </>
          )
        }
      </Answer>
    </Page>
  );
}

import { Stack } from "@mantine/core";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { Answer, Empty, Failure } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Enrol } from "../parts/enrol.tsx";
import { Instant } from "../parts/instant.tsx";
import { Labels } from "../parts/labels.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { Revoke } from "../parts/revoke.tsx";
import { State } from "../parts/state.tsx";

/** Permissions to enrol devices. */
export function EnrolmentTokens() {
  const paging = usePaging("");
  const tokens = useRead("cpl/dm/token/list", {
    limit: 50,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  const revoke = useWrite("cpl/dm/token/revoke");
  return (
    <Stack>
      <div>
        <Enrol />
      </div>
      {revoke.isError && <Failure error={revoke.error} />}
      <Answer of={tokens}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="No enrolment token was made yet" />
          ) : (
            <>
              <DataTable
                caption="Enrolment tokens, newest first"
                rows={items}
                keyOf={({ id }) => id}
                columns={[
                  { title: "Id", cell: ({ id }) => <code>{id}</code> },
                  { title: "State", cell: ({ state }) => <State state={state} /> },
                  { title: "Used", isMinor: "slightly", cell: ({ used, uses }) => `${used} of ${uses}` },
                  { title: "Labels", isMinor: true, cell: ({ labels }) => <Labels of={labels} /> },
                  { title: "By", isMinor: true, cell: ({ author }) => <Plain text={author} /> },
                  { title: "Ends", cell: ({ expiresAt }) => <Instant at={expiresAt} /> },
                  {
                    title: "Revoke",
                    align: "right",
                    cell: ({ id, state }) =>
                      state === "open" && (
                        <Revoke
                          name={id}
                          isPending={revoke.isPending && revoke.variables.id === id}
                          onRevoke={() => revoke.mutate({ id })}
                        />
                      ),
                  },
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="token" />
            </>
          )
        }
      </Answer>
    </Stack>
  );
}

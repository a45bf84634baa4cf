import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Address } from "../parts/address.tsx";
import { Answer, Empty, Failure } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";

/** Who did what. Each entry carries the hash of the one before it. */
export function Audit() {
  const paging = usePaging("");
  const entries = useRead("ia/audit/list", {
    limit: 50,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Stack>
      <Verify />
      <Answer of={entries} lines={8}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="Nothing was changed yet" />
          ) : (
            <>
              <DataTable
                caption="Audit log, newest first"
                rows={items}
                keyOf={({ id }) => id}
                columns={[
                  { title: "When", cell: ({ at }) => <ExactInstant at={at} /> },
                  { title: "Who", cell: ({ actor }) => <Plain text={actor} /> },
                  { title: "By", isMinor: true, cell: ({ via }) => via },
                  { title: "Action", cell: ({ action }) => <Address of={action} /> },
                  { title: "Decision", isMinor: "slightly", cell: ({ decision }) => <Plain text={decision} /> },
                  { title: "Request", isMinor: true, cell: ({ requestId }) => <code>{requestId}</code> },
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="line" />
            </>
          )
        }
      </Answer>
    </Stack>
  );
}

function Verify() {
  const check = useRead("ia/audit/verify", {}, { enabled: false });
  return (
    <Group align="center">
      <Button variant="default" loading={check.isFetching} onClick={() => void check.refetch()}>
        Verify the log
      </Button>
      {check.isError && <Failure error={check.error} />}
      {check.data?.whole === true && (
        <Alert color="teal" role="status" p="xs">
          The log is whole: no entry was changed, removed or slipped in.
        </Alert>
      )}
      {check.data?.whole === false && (
        <Alert color="red" role="alert" p="xs">
          The log was tampered with: entry <Plain text={check.data.firstBroken ?? ""} /> does not fit the one before it.
        </Alert>
      )}
      {check.data === undefined && (
        <Text size="sm" c="dimmed">
          Checks the chain of hashes from the first entry on.
        </Text>
      )}
    </Group>
  );
}

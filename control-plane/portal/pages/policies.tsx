import { Button, Group } from "@mantine/core";
import { Link, useParams } from "wouter";
import { policyLink, type PolicyRow } from "../data/alerts.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Empty } from "../parts/answer.tsx";
import { Instant } from "../parts/instant.tsx";
import { Page } from "../parts/page.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Plain } from "../parts/plain.tsx";
import { SilenceDialog } from "../parts/silence-dialog.tsx";
import { State } from "../parts/state.tsx";
import { RoutedTabs } from "../parts/tabs.tsx";
import { Silences } from "./silences.tsx";

/** What is watched, and what is no surprise. */
export function Policies() {
  const { tab } = useParams();
  const [mayRead, mayWrite] = [useMay("policy:read"), useMay("policy:write")];
  return (
    <Page
      title="Policies"
      actions={
        <Group gap="sm">
          <SilenceDialog />
          {mayWrite && (
            <Button component={Link} href="/policies/new" size="xs">
              Make a policy
            </Button>
          )}
        </Group>
      }
    >
      {mayRead ? (
        <RoutedTabs
          label="Policies"
          base="/policies"
          chosen={tab}
          tabs={[
            { id: "all", title: "Policies", content: () => <PolicyList /> },
            { id: "silences", title: "Silences", content: () => <Silences /> },
          ]}
        />
      ) : (
        <Empty title="Your account may not read policies">It needs the permission policy:read.</Empty>
      )}
    </Page>
  );
}

function PolicyList() {
  const paging = usePaging("");
  const policies = useRead(
    "sa/pe/policy/list",
    { limit: 50, ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { keepPrevious: true },
  );
  const summary = useRead("sa/pe/alert/summary", {});
  const countOf = ({ name }: PolicyRow, state: string) => summary.data?.policies[name]?.[state] ?? 0;
  return (
    <PagedTable
      of={policies}
      paging={paging}
      noun="policy"
      empty={
        <Empty title="There is no policy yet">
          A policy is a condition that is watched on devices: “Make a policy” checks it as you write, and shows where it
          would have fired.
        </Empty>
      }
      caption="Policies, by name"
      keyOf={({ id }) => id}
      linkOf={({ name }) => policyLink(name)}
      columns={[
        { title: "Name", cell: ({ name }) => <Plain text={name} /> },
        { title: "State", cell: ({ state }) => <State state={state} /> },
        { title: "Per", isMinor: true, cell: ({ per }) => <Plain text={per ?? "device"} /> },
        { title: "Firing", align: "right", cell: (row) => countOf(row, "firing") },
        { title: "Pending", align: "right", isMinor: "slightly", cell: (row) => countOf(row, "pending") },
        { title: "Severity", isMinor: "slightly", cell: ({ severity }) => severity ?? "warning" },
        {
          title: "Condition",
          isMinor: true,
          cell: ({ condition }) => (
            <code>
              <Plain text={condition} />
            </code>
          ),
        },
        { title: "Revision", align: "right", isMinor: true, cell: ({ revision }) => revision },
        { title: "Owner", isMinor: true, cell: ({ owner, author }) => <Plain text={owner ?? author} /> },
        { title: "Changed", isMinor: true, cell: ({ updatedAt }) => <Instant at={updatedAt} /> },
      ]}
    />
  );
}

import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { State } from "../parts/state.tsx";

/** What should not be so in the fleet and its accounts, and what to do about it. */
export function FleetCheck() {
  const paging = usePaging("");
  const findings = useRead("ia/audit/fleet", {
    limit: 50,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        Looks at certificates, identities, accounts, tokens, clocks, versions and settings, each time anew.
      </Text>
      <Answer of={findings} lines={8}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="Nothing was found">The fleet is as it should be.</Empty>
          ) : (
            <>
              <DataTable
                caption="Findings, worst first"
                rows={items}
                keyOf={({ finding, subject }) => `${finding} ${subject}`}
                columns={[
                  { title: "Finding", cell: ({ finding }) => <Plain text={finding} /> },
                  { title: "Severity", cell: ({ severity }) => <State state={severity} /> },
                  { title: "Which", cell: ({ subject, detail }) => <Subject subject={subject} detail={detail} /> },
                  { title: "What to do", isMinor: "slightly", cell: ({ advice }) => advice },
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="finding" />
            </>
          )
        }
      </Answer>
    </Stack>
  );
}

function Subject({ subject, detail }: { readonly subject: string; readonly detail: string }) {
  const [, device] = /^device:(.+)$/.exec(subject) ?? [];
  if (device === undefined) return <Plain text={detail} />;
  return (
    <Anchor component={Link} href={`/devices/${encodeURIComponent(device)}/details`} size="sm">
      <Plain text={detail} />
    </Anchor>
  );
}

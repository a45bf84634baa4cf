import { Stack, Text } from "@mantine/core";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { ExactInstant, Instant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { Accounting } from "./device-accounting.tsx";

/** What has become of everything the device produced, and what its agent noted. */
export const DeviceDelivery = ({ device }: { readonly device: string }) => (
  <Stack>
    <Accounting device={device} />
    <Doubtful device={device} />
    <Events device={device} />
  </Stack>
);

function Doubtful({ device }: { readonly device: string }) {
  const mayRead = useMay("telemetry:read");
  const paging = usePaging(device);
  const doubtful = useRead(
    "cpl/ta/doubtful",
    { device, limit: 20, ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { enabled: mayRead, every: 30_000 },
  );
  if (!mayRead) return null;
  return (
    <Section title="Doubtful samples">
      <Text size="sm" c="dimmed" mb="sm">
        Samples whose time cannot be true: before 2020, or more than a day ahead. They are kept, and stand in no chart.
      </Text>
      <Answer of={doubtful} lines={1}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Text size="sm">There are none.</Text>
          ) : (
            <>
              <DataTable
                caption="Samples that are set aside, newest first"
                rows={items}
                keyOf={({ id }) => id}
                columns={[
                  { title: "Received", cell: ({ receivedAt }) => <Instant at={receivedAt} /> },
                  { title: "Time on the device", cell: ({ deviceAt }) => <ExactInstant at={deviceAt} /> },
                  { title: "Instants", align: "right", cell: ({ rows }) => rows.toLocaleString() },
                  { title: "Record", align: "right", isMinor: true, cell: ({ sequence }) => sequence.toLocaleString() },
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={undefined} noun="record" />
            </>
          )
        }
      </Answer>
    </Section>
  );
}

function Events({ device }: { readonly device: string }) {
  const paging = usePaging(device);
  const events = useRead(
    "cpl/dm/device/events",
    { device, limit: 20, ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { every: 10_000 },
  );
  return (
    <Section title="Noted by the agent">
      <Answer of={events}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty title="The agent has noted nothing yet" />
          ) : (
            <>
              <DataTable
                caption="What the agent noted, newest first"
                rows={items}
                keyOf={({ at, name, detail, receivedAt }) => `${at} ${receivedAt} ${name} ${detail}`}
                columns={[
                  {
                    title: "When",
                    cell: ({ at, isEstimated }) => (
                      <>
                        <Instant at={at} />
                        {isEstimated && " or before"}
                      </>
                    ),
                  },
                  { title: "What", cell: ({ name }) => <Plain text={name} /> },
                  { title: "Detail", cell: ({ detail }) => <Plain text={detail || "–"} /> },
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={undefined} noun="note" />
            </>
          )
        }
      </Answer>
    </Section>
  );
}

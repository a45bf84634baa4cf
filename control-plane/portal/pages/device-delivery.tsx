import { Stack, Text } from "@mantine/core";
import { explainGap } from "../data/gaps.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Instant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";

/** What has become of everything the device produced, and what its agent noted. */
export const DeviceDelivery = ({ device }: { readonly device: string }) => (
  <Stack>
    <Accounting device={device} />
    <Events device={device} />
  </Stack>
);

const count = (value: number | undefined) => value?.toLocaleString() ?? "–";

function Accounting({ device }: { readonly device: string }) {
  const accounts = useRead("cpl/dm/device/accounting", { device }, { every: 10_000 });
  return (
    <Section title="Records">
      <Answer of={accounts}>
        {({ saidAt, streams, losses, refused, refusals }) => (
          <Stack gap="sm">
            <DataTable
              caption="Records of the device, by stream"
              rows={streams}
              keyOf={({ stream }) => stream}
              columns={[
                { title: "Stream", cell: ({ stream }) => stream },
                { title: "Produced", align: "right", cell: ({ produced }) => count(produced) },
                { title: "Received", align: "right", cell: ({ received }) => count(received) },
                { title: "Explained", align: "right", cell: ({ explained }) => count(explained) },
                { title: "On the device", align: "right", cell: ({ waiting }) => count(waiting) },
                { title: "Missing", align: "right", cell: ({ missing }) => count(missing) },
              ]}
            />
            <Text size="sm" c="dimmed">
              Received + explained + on the device = produced.{" "}
              {saidAt === undefined ? (
                "The device has not said yet how many it has produced."
              ) : (
                <>
                  How many it has produced it said <Instant at={saidAt} />.
                </>
              )}
            </Text>
            {losses.map(({ stream, reason, records }) => (
              <Text key={`${stream} ${reason}`} size="sm">
                {count(records)} of {stream}: <Plain text={explainGap(reason)} />
              </Text>
            ))}
            {refused.map(({ stream, sequence, at, reason, detail }) => (
              <Text key={`${stream} ${sequence}`} size="sm">
                Refused <Instant at={at} />: number {count(sequence)} of {stream},{" "}
                <Plain text={`${reason}: ${detail}`} />
              </Text>
            ))}
            {Object.entries(refusals).map(([reason, times]) => (
              <Text key={reason} size="sm">
                {count(times)} messages were refused since the start: <Plain text={reason} />
              </Text>
            ))}
          </Stack>
        )}
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

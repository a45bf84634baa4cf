import { Stack } from "@mantine/core";
import { foundLink } from "../data/data-links.ts";
import { useDeviceNames } from "../data/device-names.ts";
import { bytes } from "../data/format.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { InstanceTable } from "../parts/instance-table.tsx";
import { Instant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { SourceTrouble } from "../parts/source-trouble.tsx";
import { State } from "../parts/state.tsx";

/** What is on its way, and the places where data lives with the room that they have. */
export function DataMap() {
  const nameOf = useDeviceNames();
  return (
    <Stack>
      <Flows nameOf={nameOf} />
      <Sources nameOf={nameOf} />
    </Stack>
  );
}

function Flows({ nameOf }: { readonly nameOf: (device: string) => string }) {
  const moving = useRead("diml/dml/do/datainstance/list", { selector: "state:placing", limit: 100 });
  return (
    <Section title="On its way">
      <Answer of={moving}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing moves now">What a request wants elsewhere shows here until it stands there.</Empty>
          ) : (
            <InstanceTable instances={items} nameOf={nameOf} />
          )
        }
      </Answer>
    </Section>
  );
}

function Sources({ nameOf }: { readonly nameOf: (device: string) => string }) {
  const paging = usePaging("");
  const sources = useRead("diml/dml/fmdm/datasource/list", {
    limit: 20,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Section title="Sources">
      <Answer of={sources}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="There is no data source yet">
              Agents tell of the directories that their configuration names.
            </Empty>
          ) : (
            <>
              <DataTable
                caption="Data sources"
                rows={items}
                keyOf={({ id }) => id}
                linkOf={({ id, device }) =>
                  device === ""
                    ? foundLink(`source_id == ${JSON.stringify(id)}`)
                    : `/devices/${encodeURIComponent(device)}/data`
                }
                columns={[
                  { title: "Name", cell: ({ name }) => <Plain text={name} /> },
                  { title: "Device", cell: ({ device }) => <Plain text={nameOf(device)} /> },
                  { title: "Kind", isMinor: "slightly", cell: ({ kind }) => kind },
                  { title: "State", cell: ({ state }) => <State state={state} /> },
                  { title: "Free", align: "right", isMinor: "slightly", cell: ({ freeBytes }) => bytes(freeBytes) },
                  {
                    title: "Available",
                    align: "right",
                    cell: ({ availableBytes, reservedBytes }) => bytes(Math.max(0, availableBytes - reservedBytes)),
                  },
                  { title: "Held", align: "right", isMinor: true, cell: ({ reservedBytes }) => bytes(reservedBytes) },
                  {
                    title: "On its way",
                    align: "right",
                    isMinor: true,
                    cell: ({ placingBytes }) => bytes(placingBytes),
                  },
                  { title: "Takes data", isMinor: "slightly", cell: ({ takesData }) => (takesData ? "yes" : "no") },
                  {
                    title: "Mounts data in",
                    isMinor: true,
                    cell: ({ mountFolder = "–" }) => <Plain text={mountFolder} />,
                  },
                  { title: "Reported", isMinor: true, cell: ({ reportedAt }) => <Instant at={reportedAt} /> },
                  { title: "Trouble", isMinor: true, cell: (source) => <SourceTrouble of={source} /> },
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="source" />
            </>
          )
        }
      </Answer>
    </Section>
  );
}

import { Stack } from "@mantine/core";
import { bytes } from "../data/format.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import type { DeviceRow } from "../data/rows.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataPieces } from "../parts/data-pieces.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { SourceTrouble } from "../parts/source-trouble.tsx";
import { State } from "../parts/state.tsx";

/** The places on the device where data lives, and what lies there. */
export function DeviceDataSources({ device }: { readonly device: DeviceRow }) {
  const sources = useRead("diml/dml/fmdm/datasource/list", { device: device.id, limit: 500 });
  const paging = usePaging(device.id);
  const pieces = useRead("diml/dml/fmdm/query", {
    expression: `device_id:${device.id}`,
    limit: 50,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Stack>
      <Section title="Sources">
        <Answer of={sources}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="The device offers no data">
                Name directories in the agent’s configuration; what lies in them is catalogued.
              </Empty>
            ) : (
              <DataTable
                caption="Data sources of the device"
                rows={items}
                keyOf={({ id }) => id}
                columns={[
                  { title: "Name", cell: ({ name }) => <Plain text={name} /> },
                  { title: "Kind", cell: ({ kind }) => kind },
                  { title: "Directory", cell: ({ path }) => <Plain text={path} /> },
                  { title: "State", cell: ({ state }) => <State state={state} /> },
                  { title: "Free", align: "right", isMinor: "slightly", cell: ({ freeBytes }) => bytes(freeBytes) },
                  { title: "Size", align: "right", isMinor: true, cell: ({ totalBytes }) => bytes(totalBytes) },
                  { title: "Trouble", isMinor: true, cell: (source) => <SourceTrouble of={source} /> },
                ]}
              />
            )
          }
        </Answer>
      </Section>
      <Section title="Data">
        <Answer of={pieces}>
          {({ items, next, total }) =>
            items.length === 0 ? (
              <Empty title="There is no data on this device" />
            ) : (
              <>
                <DataPieces pieces={items} />
                <Pager paging={paging} next={next} shown={items.length} total={total} noun="piece" />
              </>
            )
          }
        </Answer>
      </Section>
    </Stack>
  );
}

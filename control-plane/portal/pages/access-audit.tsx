import { Stack } from "@mantine/core";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Address } from "../parts/address.tsx";
import { Answer, Empty } from "../parts/answer.tsx";
import { useAuditFilter } from "../parts/audit-filter.tsx";
import { AuditCheck } from "../parts/audit-check.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";

/** Who did what. Each entry carries the hash of the one before it. */
export function Audit() {
  const { wanted, form } = useAuditFilter();
  const paging = usePaging(JSON.stringify(wanted));
  const entries = useRead("ia/audit/list", {
    limit: 50,
    ...wanted,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  const isFiltered = Object.keys(wanted).length > 0;
  return (
    <Stack>
      <AuditCheck />
      {form}
      <Answer of={entries} lines={8}>
        {({ items, next, total }) =>
          items.length === 0 && next === undefined ? (
            <Empty title={isFiltered ? "No entry is like that" : "Nothing was changed yet"} />
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
                  {
                    title: "About",
                    isMinor: true,
                    cell: ({ objects = [] }) => <Plain text={objects.map(inShort).join(", ")} />,
                  },
                  { title: "Decision", isMinor: "slightly", cell: ({ decision }) => <Plain text={decision} /> },
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

const LONGEST_ID = 12;

/** Of an id that nobody reads the end is enough to tell it from others. */
function inShort(object: string): string {
  const [name = "", ...rest] = object.split(":");
  const id = rest.join(":");
  return `${name} ${id.length > LONGEST_ID ? `…${id.slice(-6)}` : id}`;
}

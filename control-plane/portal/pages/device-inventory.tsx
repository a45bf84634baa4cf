import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { bytes } from "../data/format.ts";
import { visible } from "../data/hostile-text.ts";
import { isBytes } from "../data/metric.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import type { DeviceRow } from "../data/rows.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { Instant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain, PlainValue } from "../parts/plain.tsx";

/** What the device is made of, and how that changed. */
export function DeviceInventory({ device }: { readonly device: DeviceRow }) {
  const [filter, setFilter] = useState("");
  const [attribute, setAttribute] = useState<string | undefined>(undefined);
  const [isAllOpen, setAllOpen] = useState(false);
  const wanted = filter.trim().toLowerCase();
  const facts = Object.entries(device.inventory)
    .filter(([name, value]) => `${name} ${String(value)}`.toLowerCase().includes(wanted))
    .sort(([a], [b]) => a.localeCompare(b));
  const close = () => {
    setAttribute(undefined);
    setAllOpen(false);
  };
  return (
    <>
      <div className="search">
        <TextInput
          className="grow"
          aria-label="Only facts that contain"
          placeholder="Only facts with …"
          leftSection={<Icon name="search" />}
          data-search
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
        <Button variant="default" onClick={() => setAllOpen(true)}>
          All changes
        </Button>
      </div>
      {facts.length === 0 ? (
        <Empty title={wanted === "" ? "The device has not taken stock yet" : "No fact is like that"}>
          {wanted === "" ? "It does so shortly after it connects." : "Clear the field to see all facts."}
        </Empty>
      ) : (
        <DataTable
          caption="Inventory of the device"
          rows={facts}
          keyOf={([name]) => name}
          columns={[
            { title: "Fact", cell: ([name]) => <Plain text={name} /> },
            { title: "Value", cell: ([name, value]) => <Value of={value} name={name} /> },
            {
              title: "Changes",
              align: "right",
              cell: ([name]) => (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={`Changes of ${name}`}
                  onClick={() => setAttribute(name)}
                >
                  History
                </Button>
              ),
            },
          ]}
        />
      )}
      <Dialog
        title={attribute === undefined ? "Changes of the inventory" : `Changes of ${visible(attribute)}`}
        isOpen={isAllOpen || attribute !== undefined}
        onClose={close}
      >
        <Changes device={device.id} attribute={attribute} />
      </Dialog>
    </>
  );
}

function Changes({ device, attribute }: { readonly device: string; readonly attribute: string | undefined }) {
  const paging = usePaging(attribute ?? "");
  const changes = useRead("cpl/dm/device/history", {
    device,
    limit: 20,
    ...(attribute !== undefined && { attribute }),
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Answer of={changes}>
      {({ items, next, total }) =>
        items.length === 0 ? (
          <Empty title="It never changed" />
        ) : (
          <>
            <DataTable
              caption="Changes, newest first"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { title: "When", cell: ({ at }) => <Instant at={at} /> },
                ...(attribute === undefined
                  ? [{ title: "Fact", cell: ({ attribute }: (typeof items)[number]) => <Plain text={attribute} /> }]
                  : []),
                { title: "Before", cell: ({ before, attribute }) => <Value of={before} name={attribute} /> },
                { title: "After", cell: ({ after, attribute }) => <Value of={after} name={attribute} /> },
              ]}
            />
            <Pager paging={paging} next={next} shown={items.length} total={total} noun="change" />
          </>
        )
      }
    </Answer>
  );
}

function Value({ of: value, name }: { readonly of: unknown; readonly name: string }) {
  if (value === undefined) return <i className="quiet">absent</i>;
  if (typeof value === "number" && isBytes(name)) return <span title={value.toLocaleString()}>{bytes(value)}</span>;
  return <PlainValue value={value} />;
}

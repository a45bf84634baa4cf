import { Button, Group, Stack } from "@mantine/core";
import { useState } from "react";
import type { Input, Output } from "../../src/faces/client.ts";
import { useCatalogue } from "../data/catalogue.ts";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Empty, Failure } from "../parts/answer.tsx";
import { ConfirmByName } from "../parts/confirm-by-name.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { Instant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { SchemaForm } from "../parts/schema-form.tsx";
import { State } from "../parts/state.tsx";

type AggregatedDevice = Output<"cpl/ta/adevice/find">;
const ON_A_PAGE = 50;

/** Devices that are looked at as if they were one: their selectors, what was told of them last, and their charts. */
export function AggregatedDevices() {
  const paging = usePaging("");
  const adevices = useRead("cpl/ta/adevice/list", {
    limit: ON_A_PAGE,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  const mayWrite = useMay("telemetry:write");
  return (
    <Stack>
      {mayWrite && <Create />}
      <Answer of={adevices}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="There is no aggregated device">
              One stands for all devices that a selector picks, such as those of a site: it has charts of its own, and
              every five minutes it is told how they are together.
            </Empty>
          ) : (
            <>
              <DataTable
                caption="Aggregated devices, by name"
                rows={items}
                keyOf={({ id }) => id}
                linkOf={chartOf}
                columns={[
                  { title: "Name", cell: ({ name }) => <Plain text={name} /> },
                  { title: "State", cell: ({ state }) => <State state={state} /> },
                  {
                    title: "Devices that",
                    isMinor: true,
                    cell: ({ selector }) => <code>{<Plain text={selector} />}</code>,
                  },
                  { title: "Told", isMinor: true, cell: ({ metrics }) => <Plain text={metrics.join(", ")} /> },
                  {
                    title: "Told last",
                    isMinor: "slightly",
                    cell: ({ stats }) => (stats === undefined ? "never" : <Instant at={stats.to} />),
                  },
                  ...(mayWrite
                    ? [
                        {
                          title: "Change",
                          align: "right" as const,
                          cell: (row: AggregatedDevice) => <Changes adevice={row} />,
                        },
                      ]
                    : []),
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="aggregated device" />
            </>
          )
        }
      </Answer>
    </Stack>
  );
}

/** Where its chart is: of the first metric that is told of it. */
function chartOf({ name, metrics: [metric] }: AggregatedDevice): string {
  const asked = new URLSearchParams({ adevice: name, ...(metric !== undefined && { metric }) });
  return `/charts/fleet?${asked.toString()}`;
}

function Create() {
  const [isOpen, setOpen] = useState(false);
  const catalogue = useCatalogue();
  const create = useWrite("cpl/ta/adevice/create", () => setOpen(false));
  return (
    <div>
      <Button
        leftSection={<Icon name="plus" />}
        onClick={() => {
          create.reset();
          setOpen(true);
        }}
      >
        Make an aggregated device
      </Button>
      <Dialog title="Make an aggregated device" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Answer of={catalogue}>
          {({ actions }) => (
            <SchemaForm
              schema={actions.find(({ path }) => path === "cpl/ta/adevice/create")?.input ?? {}}
              submit="Make it"
              isPending={create.isPending}
              error={create.error}
              onSubmit={(input) => create.mutate(input as Input<"cpl/ta/adevice/create">)}
            />
          )}
        </Answer>
      </Dialog>
    </div>
  );
}

function Changes({ adevice: { name, selector, metrics, state } }: { readonly adevice: AggregatedDevice }) {
  const [isOpen, setOpen] = useState(false);
  const catalogue = useCatalogue();
  const update = useWrite("cpl/ta/adevice/update", () => setOpen(false));
  const enable = useWrite("cpl/ta/adevice/enable");
  const disable = useWrite("cpl/ta/adevice/disable");
  const destroy = useWrite("cpl/ta/adevice/destroy");
  const failed = [enable, disable, destroy].find(({ isError }) => isError);
  const other = state === "enabled" ? { word: "Disable", write: disable } : { word: "Enable", write: enable };
  return (
    <>
      <Group gap={4} justify="flex-end">
        <Button size="compact-xs" variant="default" aria-label={`Edit ${name}`} onClick={() => setOpen(true)}>
          Edit
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`${other.word} ${name}`}
          loading={other.write.isPending}
          onClick={() => other.write.mutate({ adevice: name })}
        >
          {other.word}
        </Button>
        <ConfirmByName
          button="Forget"
          isSmall
          title={`Forget ${name}`}
          consequence="Its devices and their telemetry stay."
          names={[name]}
          isDisabled={destroy.isPending}
          onConfirm={() => destroy.mutate({ adevice: name })}
        />
      </Group>
      {failed !== undefined && <Failure error={failed.error} />}
      <Dialog title={`Edit ${name}`} isOpen={isOpen} onClose={() => setOpen(false)}>
        <Answer of={catalogue}>
          {({ actions }) => {
            const { properties = {} } = actions.find(({ path }) => path === "cpl/ta/adevice/update")?.input ?? {};
            const { adevice: _, ...editable } = properties;
            return (
              <SchemaForm
                schema={{ properties: editable }}
                initial={{ selector, metrics }}
                submit="Save"
                isPending={update.isPending}
                error={update.error}
                // What was emptied is meant to be empty.
                onSubmit={(input) => update.mutate({ metrics: [], ...input, adevice: name })}
              />
            );
          }}
        </Answer>
      </Dialog>
    </>
  );
}

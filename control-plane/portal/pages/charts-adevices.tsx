import { Button, Group, Stack } from "@mantine/core";
import type { Output } from "../../src/faces/client.ts";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { ActionDialog } from "../parts/action-dialog.tsx";
import { Empty, Failure } from "../parts/answer.tsx";
import { ConfirmByName } from "../parts/confirm-by-name.tsx";
import { Instant } from "../parts/instant.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Plain } from "../parts/plain.tsx";
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
      {mayWrite && (
        <div>
          <ActionDialog
            path="cpl/ta/adevice/create"
            button="Make an aggregated device"
            title="Make an aggregated device"
            submit="Make it"
          />
        </div>
      )}
      <PagedTable
        of={adevices}
        paging={paging}
        noun="aggregated device"
        lines={4}
        empty={
          <Empty title="There is no aggregated device">
            One stands for all devices that a selector picks, such as those of a site: it has charts of its own, and
            every five minutes it is told how they are together.
          </Empty>
        }
        caption="Aggregated devices, by name"
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
    </Stack>
  );
}

/** Where its chart is: of the first metric that is told of it. */
function chartOf({ name, metrics: [metric] }: AggregatedDevice): string {
  const asked = new URLSearchParams({ adevice: name, ...(metric !== undefined && { metric }) });
  return `/charts/fleet?${asked.toString()}`;
}

function Changes({ adevice: { name, selector, metrics, state } }: { readonly adevice: AggregatedDevice }) {
  const enable = useWrite("cpl/ta/adevice/enable");
  const disable = useWrite("cpl/ta/adevice/disable");
  const destroy = useWrite("cpl/ta/adevice/destroy");
  const failed = [enable, disable, destroy].find(({ isError }) => isError);
  const other = state === "enabled" ? { word: "Disable", write: disable } : { word: "Enable", write: enable };
  return (
    <>
      <Group gap={4} justify="flex-end">
        <ActionDialog
          path="cpl/ta/adevice/update"
          isEdit
          button="Edit"
          title={`Edit ${name}`}
          submit="Save"
          given={{ adevice: name }}
          initial={{ selector, metrics }}
          emptied={{ metrics: [] }}
        />
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
    </>
  );
}

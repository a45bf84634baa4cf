import { Group, Stack, Text } from "@mantine/core";
import type { Output } from "../../src/faces/client.ts";
import { bytes as inBytes, counted } from "../data/format.ts";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { ActionDialog } from "../parts/action-dialog.tsx";
import { Answer, Empty, Failure } from "../parts/answer.tsx";
import { ConfirmByName } from "../parts/confirm-by-name.tsx";
import { Instant } from "../parts/instant.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { State } from "../parts/state.tsx";

type Child = Output<"cpl/ta/child/find">;
const ON_A_PAGE = 50;
const EVERY = 15_000;

/** Control planes that report the windows of their devices to this one, and how this one's own reports to a parent fare. */
export function ChildControlPlanes() {
  const paging = usePaging("");
  const children = useRead(
    "cpl/ta/child/list",
    { limit: ON_A_PAGE, ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { every: EVERY },
  );
  const mayWrite = useMay("child:write");
  return (
    <Stack>
      <OwnReports />
      {mayWrite && (
        <div>
          <ActionDialog
            path="cpl/ta/child/create"
            button="Let a control plane report"
            title="Let a control plane report"
            submit="Let it report"
          />
        </div>
      )}
      <PagedTable
        of={children}
        paging={paging}
        noun="control plane"
        lines={4}
        empty={
          <Empty title="No control plane reports to this one">
            A site or a region that has a control plane of its own can tell what its devices measure: they are then
            charted and summed up here as well, and each counts once.
          </Empty>
        }
        caption="Control planes that report to this one"
        keyOf={({ id }) => id}
        linkOf={chartOf}
        columns={[
          { title: "Name", cell: ({ name }) => <Plain text={name} /> },
          { title: "State", cell: ({ state }) => <State state={state} /> },
          { title: "Known up to", cell: ({ knownUpTo }) => <Moment at={knownUpTo} /> },
          { title: "Heard", isMinor: "slightly", cell: ({ heardAt }) => <Moment at={heardAt} /> },
          { title: "Devices", align: "right", isMinor: "slightly", cell: ({ devices }) => devices },
          {
            title: "Room",
            align: "right",
            isMinor: true,
            cell: ({ bytes, bytesAtMost }) => `${inBytes(bytes)} of ${inBytes(bytesAtMost)}`,
          },
          { title: "Hours waiting", align: "right", isMinor: true, cell: ({ waiting }) => waiting },
          { title: "What is missing", isMinor: true, cell: (row) => <Missing of={row} /> },
          ...(mayWrite
            ? [{ title: "Change", align: "right" as const, cell: (row: Child) => <Changes of={row} /> }]
            : []),
        ]}
      />
    </Stack>
  );
}

/** Where what its devices measure is charted: a range in which something is known, however seldom it reports. */
function chartOf({ name }: Child): string {
  const selector = `labels["child"] == ${JSON.stringify(name)}`;
  const asked = new URLSearchParams({ selector, last: "6h" });
  return `/charts/fleet?${asked.toString()}`;
}

const Moment = ({ at }: { readonly at: number | undefined }) => (at === undefined ? "never" : <Instant at={at} />);

/** What is not here of a child, and why. */
function Missing({ of: { refused, lost, lostUpTo, undeclared, fullSince } }: { readonly of: Child }) {
  const parts = [
    ...refused.map(({ reason, hours }) => `${counted(hours, "hour")} refused: ${reason}`),
    ...(undeclared.length === 0 ? [] : [`not declared: ${undeclared.join(", ")}`]),
  ];
  return (
    <>
      {parts.map((part) => (
        <Text key={part} size="sm">
          <Plain text={part} />
        </Text>
      ))}
      {lost > 0 && lostUpTo !== undefined && (
        <Text size="sm">
          {counted(lost, "hour")} too old before it could tell, the newest from <Instant at={lostUpTo} />
        </Text>
      )}
      {fullSince !== undefined && (
        <Text size="sm">
          no room for more since <Instant at={fullSince} />
        </Text>
      )}
      {parts.length === 0 && lost === 0 && "nothing"}
    </>
  );
}

/** Who this control plane is to others, and how its own reports fare. */
function OwnReports() {
  const parent = useRead("cpl/ta/parent/find", {}, { every: EVERY });
  return (
    <Answer of={parent}>
      {({ origin, parent: url, reason, waiting, reportedAt, lost }) => (
        <Section title="This control plane">
          <Text size="sm">
            Others know it by the id <code>{origin}</code>.{" "}
            {url === "" ? (
              "It reports to nobody."
            ) : (
              <>
                It reports to <Plain text={url} />, which took something <Moment at={reportedAt} />;{" "}
                {counted(waiting, "hour")} of devices to be told{lost > 0 && `, ${counted(lost, "hour")} lost`}.
              </>
            )}
          </Text>
          {reason !== "" && (
            <Text size="sm" role="status">
              The parent takes nothing now: <Plain text={reason} />
            </Text>
          )}
        </Section>
      )}
    </Answer>
  );
}

function Changes({ of: { id, name, reporter, origins, devicesAtMost, bytesAtMost } }: { readonly of: Child }) {
  const destroy = useWrite("cpl/ta/child/destroy");
  return (
    <>
      <Group gap={4} justify="flex-end">
        <ActionDialog
          path="cpl/ta/child/update"
          isEdit
          button="Edit"
          title={`Edit ${name}`}
          submit="Save"
          given={{ child: id }}
          initial={{ reporter, origins, devicesAtMost, bytesAtMost }}
        />
        <ConfirmByName
          button="Forget"
          isSmall
          title={`Forget ${name}`}
          consequence="Its devices are not seen here any more, and nothing is taken from it. It keeps all that it has."
          names={[name]}
          isDisabled={destroy.isPending}
          onConfirm={() => destroy.mutate({ child: id })}
        />
      </Group>
      {destroy.isError && <Failure error={destroy.error} />}
    </>
  );
}

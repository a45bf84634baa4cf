import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Input, Output } from "../../src/faces/client.ts";
import { useCatalogue } from "../data/catalogue.ts";
import { counted } from "../data/format.ts";
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
      {mayWrite && <Declare />}
      <Answer of={children}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="No control plane reports to this one">
              A site or a region that has a control plane of its own can tell what its devices measure: they are then
              charted and summed up here as well, and each counts once.
            </Empty>
          ) : (
            <>
              <DataTable
                caption="Control planes that report to this one"
                rows={items}
                keyOf={({ id }) => id}
                linkOf={chartOf}
                columns={[
                  { title: "Name", cell: ({ name }) => <Plain text={name} /> },
                  { title: "State", cell: ({ state }) => <State state={state} /> },
                  { title: "Known up to", cell: ({ knownUpTo }) => <Moment at={knownUpTo} /> },
                  { title: "Heard", isMinor: "slightly", cell: ({ heardAt }) => <Moment at={heardAt} /> },
                  { title: "Devices", align: "right", isMinor: "slightly", cell: ({ devices }) => devices },
                  { title: "Hours waiting", align: "right", isMinor: true, cell: ({ waiting }) => waiting },
                  { title: "What is missing", isMinor: true, cell: (row) => <Missing of={row} /> },
                  ...(mayWrite
                    ? [{ title: "Change", align: "right" as const, cell: (row: Child) => <Changes of={row} /> }]
                    : []),
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="control plane" />
            </>
          )
        }
      </Answer>
    </Stack>
  );
}

/** Where what its devices measure is charted. */
function chartOf({ name }: Child): string {
  const asked = new URLSearchParams({ selector: `labels["child"] == ${JSON.stringify(name)}` });
  return `/charts/fleet?${asked.toString()}`;
}

const Moment = ({ at }: { readonly at: number | undefined }) => (at === undefined ? "never" : <Instant at={at} />);

/** What is not here of a child, and why. */
function Missing({ of: { refused, lost, lostUpTo, undeclared } }: { readonly of: Child }) {
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

function Declare() {
  const [isOpen, setOpen] = useState(false);
  const catalogue = useCatalogue();
  const create = useWrite("cpl/ta/child/create", () => setOpen(false));
  return (
    <div>
      <Button
        leftSection={<Icon name="plus" />}
        onClick={() => {
          create.reset();
          setOpen(true);
        }}
      >
        Let a control plane report
      </Button>
      <Dialog title="Let a control plane report" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Answer of={catalogue}>
          {({ actions }) => (
            <SchemaForm
              schema={actions.find(({ path }) => path === "cpl/ta/child/create")?.input ?? {}}
              submit="Let it report"
              isPending={create.isPending}
              error={create.error}
              onSubmit={(input) => create.mutate(input as Input<"cpl/ta/child/create">)}
            />
          )}
        </Answer>
      </Dialog>
    </div>
  );
}

function Changes({ of: { id, name, reporter, origins, devicesAtMost } }: { readonly of: Child }) {
  const [isOpen, setOpen] = useState(false);
  const catalogue = useCatalogue();
  const update = useWrite("cpl/ta/child/update", () => setOpen(false));
  const destroy = useWrite("cpl/ta/child/destroy");
  return (
    <>
      <Group gap={4} justify="flex-end">
        <Button size="compact-xs" variant="default" aria-label={`Edit ${name}`} onClick={() => setOpen(true)}>
          Edit
        </Button>
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
      <Dialog title={`Edit ${name}`} isOpen={isOpen} onClose={() => setOpen(false)}>
        <Answer of={catalogue}>
          {({ actions }) => {
            const { properties = {} } = actions.find(({ path }) => path === "cpl/ta/child/update")?.input ?? {};
            const { child: _, ...editable } = properties;
            return (
              <SchemaForm
                schema={{ properties: editable }}
                initial={{ reporter, origins, devicesAtMost }}
                submit="Save"
                isPending={update.isPending}
                error={update.error}
                onSubmit={(input) => update.mutate({ ...input, child: id })}
              />
            );
          }}
        </Answer>
      </Dialog>
    </>
  );
}

import { Alert, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import type { DeviceRow } from "../data/rows.ts";
import type { Schema } from "../data/schema.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Empty } from "../parts/answer.tsx";
import { JobTable } from "../parts/job-table.tsx";
import { JobView } from "../parts/job-view.tsx";
import { Pager } from "../parts/pager.tsx";
import { SchemaForm } from "../parts/schema-form.tsx";
import { Section } from "../parts/section.tsx";

/** Asks the device to do something, and shows what it was asked before. */
export function DeviceCommands({ device }: { readonly device: DeviceRow }) {
  const [started, setStarted] = useState<string | undefined>(undefined);
  return (
    <div className="grid two">
      <Run device={device} onStart={setStarted} />
      <Stack>
        {started !== undefined && <JobView key={started} id={started} />}
        <Past device={device} />
      </Stack>
    </div>
  );
}

const timesOf = (runTimeout: number): Readonly<Record<string, Schema>> => ({
  queueTimeout: { type: "integer", minimum: 1, default: 3_600, description: "Seconds within which it must start" },
  runTimeout: { type: "integer", minimum: 1, default: runTimeout, description: "Seconds it may run" },
});

function Run({ device, onStart }: { readonly device: DeviceRow; readonly onStart: (job: string) => void }) {
  const kinds = useRead("cpl/dm/job/kinds", {});
  const [chosen, setChosen] = useState("ping");
  const create = useWrite("cpl/dm/job/create", ({ job }) => onStart(job.id));
  const may = useMay("job:create");
  return (
    <Section title="Run a command">
      <Answer of={kinds}>
        {({ kinds }) => {
          const kind = kinds.find((each) => each.kind === chosen) ?? kinds[0];
          if (kind === undefined) return <Empty title="There is no command kind" />;
          const argumentsSchema = kind.arguments as Schema;
          return (
            <Stack gap="sm">
              <Select
                label="Kind"
                description={kind.summary}
                data={kinds.map(({ kind }) => kind)}
                value={kind.kind}
                allowDeselect={false}
                onChange={(next) => {
                  setChosen(next ?? "ping");
                  create.reset();
                }}
              />
              {kind.dangerous && (
                <Alert color="yellow">The device’s own settings must allow this kind; otherwise it refuses.</Alert>
              )}
              {device.presence !== "online" && (
                <Alert color="blue">
                  The device is {device.presence}. The command waits for it, as long as “Queue timeout” says.
                </Alert>
              )}
              {may ? (
                <SchemaForm
                  key={kind.kind}
                  schema={{
                    ...argumentsSchema,
                    properties: { ...argumentsSchema.properties, ...timesOf(kind.runTimeout) },
                  }}
                  submit="Run"
                  isPending={create.isPending}
                  error={create.error}
                  onSubmit={({ queueTimeout, runTimeout, ...given }) =>
                    create.mutate({
                      device: device.id,
                      kind: kind.kind as "ping",
                      arguments: given,
                      ...(typeof queueTimeout === "number" && { queueTimeout }),
                      ...(typeof runTimeout === "number" && { runTimeout }),
                    })
                  }
                />
              ) : (
                <Text size="sm">Your account may not run commands.</Text>
              )}
            </Stack>
          );
        }}
      </Answer>
    </Section>
  );
}

function Past({ device }: { readonly device: DeviceRow }) {
  const paging = usePaging(device.id);
  const jobs = useRead("cpl/dm/job/list", {
    device: device.id,
    limit: 20,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Section title="Earlier jobs">
      <Answer of={jobs}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="It was never asked to do anything">Try “ping”: it asks for a sign of life.</Empty>
          ) : (
            <>
              <JobTable jobs={items} caption="Jobs of the device" />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="job" />
            </>
          )
        }
      </Answer>
    </Section>
  );
}

import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Input, Output } from "../../src/faces/client.ts";
import { counted, localTime } from "../data/format.ts";
import { useWrite } from "../data/queries.ts";
import { Failure } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { Plain } from "./plain.tsx";
import { Section } from "./section.tsx";

type Answer = Output<"sa/pe/policy/dryrun">;
type Fired = Answer["fired"][number];

const HOUR = 3_600_000;
const RANGES = [
  { value: "1", label: "the last hour" },
  { value: "6", label: "the last 6 hours" },
  { value: "24", label: "the last 24 hours" },
  { value: "168", label: "the last 7 days" },
];

/** Where and when a condition would have fired, before it is saved. */
export function DryRun({ asked }: { readonly asked: () => Input<"sa/pe/policy/dryrun"> | undefined }) {
  const [hours, setHours] = useState("24");
  const run = useWrite("sa/pe/policy/dryrun");
  return (
    <Section title="Where it would have fired">
      <Stack gap="sm">
        <Group gap="sm" align="flex-end">
          <Select
            label="In"
            data={RANGES}
            allowDeselect={false}
            value={hours}
            onChange={(chosen) => setHours(chosen ?? "24")}
          />
          <Button
            variant="default"
            loading={run.isPending}
            onClick={() => {
              const input = asked();
              if (input !== undefined) run.mutate({ ...input, from: Date.now() - Number(hours) * HOUR });
            }}
          >
            Try it
          </Button>
        </Group>
        {run.isError && <Failure error={run.error} />}
        {run.data === undefined ? (
          <Text size="sm" c="dimmed">
            “Try it” looks at the samples that are stored, and saves nothing.
          </Text>
        ) : (
          <Outcome of={run.data} />
        )}
      </Stack>
    </Section>
  );
}

const Outcome = ({ of: answer }: { readonly of: Answer }) => (
  <>
    <Text size="sm" role="status">
      {answer.fired.length === 0
        ? `It would have fired on none of ${counted(answer.devices, "device")}.`
        : answer.fired[0]?.group === undefined
          ? `It would have fired on ${answer.fired.length} of ${counted(answer.devices, "device")}.`
          : `It would have fired on ${counted(answer.fired.length, "group")} of ${counted(answer.devices, "device")}.`}
      {!answer.isWhole && " Not all devices, or not all samples, were looked at: choose fewer devices or less time."}
    </Text>
    {answer.fired.length > 0 && (
      <DataTable
        caption="Where it would have fired"
        rows={answer.fired}
        keyOf={({ device, group }) => group ?? device}
        linkOf={({ device, group }) =>
          group === undefined ? `/devices/${encodeURIComponent(device)}/charts` : undefined
        }
        columns={[
          { title: "On", cell: ({ name }) => <Plain text={name} /> },
          { title: "Times", align: "right", cell: ({ episodes }) => episodes.length },
          { title: "When", cell: (fired) => <Episodes of={fired} from={answer.from} to={answer.to} /> },
        ]}
      />
    )}
  </>
);

/** A line for the whole range, with what would have been an alert on it. */
function Episodes({ of: { episodes }, from, to }: { readonly of: Fired; readonly from: number; readonly to: number }) {
  const share = (at: number) => `${(100 * (Math.min(to, Math.max(from, at)) - from)) / Math.max(1, to - from)}%`;
  const words = episodes.map(
    (each) => `${each.state} ${localTime(each.from)} to ${each.to === undefined ? "now" : localTime(each.to)}`,
  );
  return (
    <>
      <span
        className="episodes"
        role="img"
        aria-label={words.slice(0, 20).join("; ")}
        title={words.slice(0, 20).join("\n")}
      >
        {episodes.map((each) => (
          <span
            key={each.from}
            data-state={each.state}
            style={{ left: share(each.from), width: `calc(${share(each.to ?? to)} - ${share(each.from)})` }}
          />
        ))}
      </span>
      <Text size="xs" c="dimmed">
        {localTime(from)} – {localTime(to)}
      </Text>
    </>
  );
}

import { Button, Stack, Text } from "@mantine/core";
import type { Input, Output } from "../../src/faces/client.ts";
import { counted, localTime } from "../data/format.ts";
import { useWrite } from "../data/queries.ts";
import { Failure } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { Plain } from "./plain.tsx";
import { Section } from "./section.tsx";

export type TriedAdmission = Input<"sa/pe/policy/dryrunadmission">;
type Answer = Output<"sa/pe/policy/dryrunadmission">;

/** What a policy that is asked before actions would have said of those that were done, before it is saved. */
export function AdmissionDryRun({ asked }: { readonly asked: () => TriedAdmission | undefined }) {
  const run = useWrite("sa/pe/policy/dryrunadmission");
  return (
    <Section title="What it would have refused">
      <Stack gap="sm" align="flex-start">
        <Button
          variant="default"
          loading={run.isPending}
          onClick={() => {
            const input = asked();
            if (input !== undefined) run.mutate(input);
          }}
        >
          Try it
        </Button>
        {run.isError && <Failure error={run.error} />}
        {run.data === undefined ? (
          <Text size="sm" c="dimmed">
            “Try it” looks at the last 200 actions in the audit log that it would have been asked about, and saves
            nothing.
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
      {summaryOf(answer)}
    </Text>
    {answer.told.length > 0 && (
      <DataTable
        caption="What it would have refused"
        rows={answer.told}
        keyOf={({ entry }) => entry}
        columns={[
          { title: "When", cell: ({ at }) => localTime(at) },
          { title: "Who", cell: ({ actor }) => <Plain text={actor} /> },
          { title: "Action", cell: ({ action }) => <Plain text={action} /> },
          { title: "On", cell: ({ devices }) => <Plain text={devices.join(", ")} /> },
          {
            title: "It would have been",
            cell: ({ verdict, answer: words }) => <Plain text={`${WORDS[verdict]}: ${words}`} />,
          },
        ]}
      />
    )}
  </>
);

const WORDS = {
  denied: "denied",
  approval: "held back",
  defaults: "given defaults",
  unknown: "nobody can tell",
} as const;

function summaryOf({ actions, denied, approval, defaults, unknown, from, isWhole }: Answer): string {
  if (from === undefined) return "The audit log holds no action that it would have been asked about.";
  const outcomes = [
    `Denied: ${denied}`,
    ...(approval > 0 ? [`held back for a second person: ${approval}`] : []),
    ...(defaults > 0 ? [`given defaults: ${defaults}`] : []),
    ...(unknown > 0 ? [`nobody can tell: ${unknown}`] : []),
  ];
  const older = isWhole ? "" : " There are older ones.";
  return `It would have been asked about ${counted(actions, "action")} since ${localTime(from)}. ${outcomes.join("; ")}.${older}`;
}

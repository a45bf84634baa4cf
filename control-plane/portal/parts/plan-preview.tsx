import { Alert, Button, Stack, Text } from "@mantine/core";
import type { Output } from "../../src/faces/client.ts";
import { bytes, counted } from "../data/format.ts";
import { Failure } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { Facts } from "./facts.tsx";
import { ExactInstant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { Section } from "./section.tsx";

type Plan = Output<"cpl/dm/job/plan">;

/** Whom a rollout would touch and how, and the button that makes it one. */
export const PlanPreview = ({
  plan,
  isPending,
  error,
  onApply,
}: {
  readonly plan: Plan | undefined;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly onApply: (plan: string) => void;
}) => (
  <Section title="The plan">
    {plan === undefined ? (
      <Text size="sm" c="dimmed">
        It appears here. Nothing is sent before you have seen it.
      </Text>
    ) : (
      <Stack gap="sm">
        <Facts
          of={[
            ["Devices", plan.targets.toLocaleString()],
            ["Waves", plan.waves.map((each) => each.toLocaleString()).join(" + ")],
            ["At worst it means", plan.effect],
            ["Undone by", plan.rollback ? `${plan.rollback.kind} (${plan.rollback.effect})` : "nothing: it only stops"],
            ["Sent in all", bytes(plan.bytes)],
            ["Second person", plan.isApprovalNeeded ? "must say yes first" : "is not asked"],
            ["Membership", <code key="hash">{plan.membership.slice(0, 16)}</code>],
            ["Good until", <ExactInstant key="until" at={plan.expiresAt} />],
          ]}
        />
        <Obstacles title="Can never begin" of={plan.never} />
        <Obstacles title="Have to wait for now" of={plan.notNow} />
        {plan.openings.map(({ zone, devices, next }) => (
          <Text size="sm" key={zone}>
            {counted(devices, "device")} in <Plain text={zone || "no known time zone"} />:{" "}
            {next.length === 0
              ? "they begin never"
              : next.map(({ opensAt }, place) => (
                  <span key={opensAt}>
                    {place > 0 && ", "}
                    <ExactInstant at={opensAt} />
                  </span>
                ))}
          </Text>
        ))}
        {plan.conflicts.map(({ rollout, devices }) => (
          <Alert color="yellow" key={rollout}>
            {counted(devices, "device")} also belong to the rollout <Plain text={rollout} />, which is not over.
          </Alert>
        ))}
        {error !== null && <Failure error={error} />}
        <Button loading={isPending} onClick={() => onApply(plan.plan)}>
          Begin with {counted(plan.targets, "device")}
        </Button>
      </Stack>
    )}
  </Section>
);

const Obstacles = ({ title, of: blocks }: { readonly title: string; readonly of: Plan["never"] }) =>
  blocks.length > 0 && (
    <DataTable
      caption={title}
      rows={blocks}
      keyOf={({ reason }) => reason}
      columns={[
        { title, cell: ({ text }) => text },
        { title: "Devices", align: "right", cell: ({ devices }) => devices.toLocaleString() },
        { title: "Such as", isMinor: true, cell: ({ examples }) => <Plain text={examples.join(", ")} /> },
      ]}
    />
  );

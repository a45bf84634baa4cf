import { Select, Stack } from "@mantine/core";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Input } from "../../src/faces/client.ts";
import { useCatalogue } from "../data/catalogue.ts";
import { useRead, useWrite } from "../data/queries.ts";
import type { Schema } from "../data/schema.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Empty } from "../parts/answer.tsx";
import { Page } from "../parts/page.tsx";
import { PlanPreview } from "../parts/plan-preview.tsx";
import { SchemaForm } from "../parts/schema-form.tsx";
import { Section } from "../parts/section.tsx";

/** How a rollout goes about it: of the plan's input what a form asks for; the rest is for programs. */
const FIELDS = [
  "selector",
  "mode",
  "waves",
  "atOnce",
  "rate",
  "abort",
  "budget",
  "windows",
  "timeZone",
  "canary",
  "rollback",
  "queueTimeout",
  "runTimeout",
  "isApprovalNeeded",
];

/** First the plan, with whom it touches; then, on another button, the rollout. */
export function NewRollout() {
  const [, navigate] = useLocation();
  const catalogue = useCatalogue();
  const kinds = useRead("cpl/dm/job/kinds", {});
  const [chosen, setChosen] = useState("ping");
  const plan = useWrite("cpl/dm/job/plan");
  const apply = useWrite("cpl/dm/job/apply", ({ id }) => navigate(`/rollouts/${encodeURIComponent(id)}`));
  const may = useMay("job:create");
  const asked = catalogue.data?.actions.find(({ path }) => path === "cpl/dm/job/plan")?.input.properties ?? {};
  return (
    <Page title="Plan a rollout" trail={[{ label: "Rollouts", to: "/rollouts" }]}>
      {may ? (
        <div className="grid two">
          <Section title="What, and on which devices">
            <Answer of={kinds}>
              {({ kinds }) => {
                const kind = kinds.find((each) => each.kind === chosen) ?? kinds[0];
                if (kind === undefined) return <Empty title="There is no command kind" />;
                const given = kind.arguments as Schema;
                const fields = Object.fromEntries(
                  FIELDS.flatMap((name) => (asked[name] === undefined ? [] : [[name, asked[name]] as const])),
                );
                const own = Object.keys(given.properties ?? {});
                return (
                  <Stack gap="sm">
                    <Select
                      label="Kind"
                      description={kind.summary}
                      data={kinds.map((each) => each.kind)}
                      value={kind.kind}
                      allowDeselect={false}
                      onChange={(next) => {
                        setChosen(next ?? "ping");
                        plan.reset();
                        apply.reset();
                      }}
                    />
                    <SchemaForm
                      key={kind.kind}
                      schema={{
                        properties: { ...given.properties, ...fields },
                        required: [...(given.required ?? []), "selector"],
                      }}
                      submit="Show the plan"
                      isPending={plan.isPending}
                      error={plan.error}
                      onSubmit={(input) => {
                        apply.reset();
                        plan.mutate(planFor(kind.kind, own, input));
                      }}
                    />
                  </Stack>
                );
              }}
            </Answer>
          </Section>
          <PlanPreview
            plan={plan.data}
            isPending={apply.isPending}
            error={apply.error}
            onApply={(id) => apply.mutate({ plan: id })}
          />
        </div>
      ) : (
        <Empty title="Your account may not make jobs">It needs the permission job:create.</Empty>
      )}
    </Page>
  );
}

/** What belongs to the kind goes among its arguments, the rest beside them. */
function planFor(kind: string, own: readonly string[], input: Readonly<Record<string, unknown>>) {
  const of = (isOwn: boolean) =>
    Object.fromEntries(Object.entries(input).filter(([name]) => own.includes(name) === isOwn));
  return { ...of(false), kind, arguments: of(true) } as Input<"cpl/dm/job/plan">;
}

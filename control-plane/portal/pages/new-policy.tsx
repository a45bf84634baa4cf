import { useLocation } from "wouter";
import type { Input } from "../../src/faces/client.ts";
import { policyLink } from "../data/alerts.ts";
import { useCatalogue } from "../data/catalogue.ts";
import { useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Empty } from "../parts/answer.tsx";
import { Page } from "../parts/page.tsx";
import { PolicyForm } from "../parts/policy-form.tsx";

/** A condition that nobody watches yet. */
export function NewPolicy() {
  const [, navigate] = useLocation();
  const catalogue = useCatalogue();
  const create = useWrite("sa/pe/policy/create", ({ name }) => navigate(policyLink(name)));
  const may = useMay("policy:write");
  return (
    <Page title="Make a policy" trail={[{ label: "Policies", to: "/policies" }]}>
      {may ? (
        <Answer of={catalogue} lines={8}>
          {({ actions }) => (
            <PolicyForm
              schema={actions.find(({ path }) => path === "sa/pe/policy/create")?.input ?? {}}
              submit="Save and watch it"
              isPending={create.isPending}
              error={create.error}
              onSubmit={(input) => create.mutate(input as Input<"sa/pe/policy/create">)}
            />
          )}
        </Answer>
      ) : (
        <Empty title="Your account may not make policies">It needs the permission policy:write.</Empty>
      )}
    </Page>
  );
}

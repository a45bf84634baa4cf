import { Button, Group, Stack } from "@mantine/core";
import { useLocation, useParams } from "wouter";
import type { Input } from "../../src/faces/client.ts";
import { isPerGroup, nameIn, type PolicyRow } from "../data/alerts.ts";
import { useCatalogue } from "../data/catalogue.ts";
import { useDeviceNames } from "../data/device-names.ts";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import type { Draft, Schema } from "../data/schema.ts";
import { useMay } from "../data/session.tsx";
import { AlertTable } from "../parts/alert-table.tsx";
import { Answer, Empty, Failure } from "../parts/answer.tsx";
import { ConfirmByName } from "../parts/confirm-by-name.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Page } from "../parts/page.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { PolicyGroups } from "../parts/policy-groups.tsx";
import { PolicyForm } from "../parts/policy-form.tsx";
import { saved } from "../parts/saved.ts";
import { Section } from "../parts/section.tsx";
import { SilenceDialog } from "../parts/silence-dialog.tsx";
import { State } from "../parts/state.tsx";
import { WhyOnDevice } from "../parts/why-on-device.tsx";

const TRAIL = [{ label: "Policies", to: "/policies" }];

/** One policy: what it says, where it fires, what it said before. */
export function Policy() {
  const params = useParams();
  const policy = nameIn(params["policy"]);
  const found = useRead("sa/pe/policy/find", { policy });
  return (
    <Answer of={found} lines={8}>
      {(row) => (
        <Page title={row.name} trail={TRAIL} badge={<State state={row.state} />} actions={<Controls policy={row} />}>
          <Stack>
            <Section title="Alerts">
              <Alerts policy={row.name} />
            </Section>
            <Edit key={row.revision} policy={row} />
          </Stack>
        </Page>
      )}
    </Answer>
  );
}

interface Of {
  readonly policy: PolicyRow;
}

function Controls({ policy: { name, state } }: Of) {
  const [, navigate] = useLocation();
  const enable = useWrite("sa/pe/policy/enable");
  const disable = useWrite("sa/pe/policy/disable");
  const destroy = useWrite("sa/pe/policy/destroy", () => {
    saved("The policy is removed");
    navigate("/policies");
  });
  const may = useMay("policy:write");
  const other = state === "enabled" ? { word: "Disable", write: disable } : { word: "Enable", write: enable };
  const failed = [enable, disable, destroy].find(({ isError }) => isError);
  return (
    <Group gap="sm">
      <SilenceDialog policy={name} />
      <Button
        size="xs"
        variant="default"
        disabled={!may}
        loading={other.write.isPending}
        onClick={() => other.write.mutate({ policy: name })}
      >
        {other.word}
      </Button>
      <ConfirmByName
        button="Remove"
        isSmall
        title={`Remove the policy ${name}`}
        consequence="It is watched no more, its alerts are over, and all that it said is forgotten. This cannot be undone."
        names={[name]}
        isDisabled={!may || destroy.isPending}
        onConfirm={() => destroy.mutate({ policy: name })}
      />
      {failed && <Failure error={failed.error} />}
    </Group>
  );
}

function Alerts({ policy }: { readonly policy: string }) {
  const paging = usePaging(policy);
  const nameOf = useDeviceNames();
  const alerts = useRead("sa/pe/alert/list", {
    policy,
    limit: 20,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Answer of={alerts}>
      {({ items, next }) =>
        items.length === 0 ? (
          <Empty title="It has no alert now" />
        ) : (
          <>
            <AlertTable alerts={items} caption="Alerts of the policy that are not over" nameOf={nameOf} isOfPolicy />
            <Pager paging={paging} next={next} shown={items.length} total={undefined} noun="alert" />
          </>
        )
      }
    </Answer>
  );
}

/** What emptied fields mean, where a change leaves alone what it does not name. */
const EMPTY: Partial<Input<"sa/pe/policy/update">> = {
  description: "",
  selector: "",
  per: "device",
  for: 0,
  keepFiringFor: 0,
  freshFor: 300,
  noData: 0,
  severity: "warning",
  effects: [],
};

function Edit({ policy: row }: Of) {
  const catalogue = useCatalogue();
  const update = useWrite("sa/pe/policy/update", ({ revision }) => saved(`Revision ${revision} is watched now`));
  const may = useMay("policy:write");
  return (
    <Answer of={catalogue}>
      {({ actions }) => {
        const schema = actions.find(({ path }) => path === "sa/pe/policy/update")?.input ?? {};
        return (
          <PolicyForm
            schema={schema}
            condition={row.condition}
            initial={draftsOf(row, schema)}
            submit="Save as a new revision"
            isDisabled={!may}
            isPending={update.isPending}
            error={update.error}
            onSubmit={(input) => update.mutate({ ...EMPTY, ...input, policy: row.name })}
          >
            {isPerGroup(row.per) ? (
              <Section title="Its groups">
                <PolicyGroups policy={row.name} />
              </Section>
            ) : (
              <Section title="Why it fires on a device, or does not">
                <WhyOnDevice policy={row.name} />
              </Section>
            )}
            <Section title="What it said before">
              <Revisions policy={row.name} />
            </Section>
          </PolicyForm>
        );
      }}
    </Answer>
  );
}

/** What the policy says, as the fields of its form have it. */
function draftsOf(row: PolicyRow, { properties = {} }: Schema): Record<string, Draft> {
  const said = Object.entries(row).filter(([name]) => name in properties);
  return Object.fromEntries(
    said.map(
      ([name, value]) => [name, typeof value === "object" ? JSON.stringify(value, undefined, 2) : value] as const,
    ),
  );
}

function Revisions({ policy }: { readonly policy: string }) {
  const paging = usePaging(policy);
  const revisions = useRead("sa/pe/policy/revisions", {
    policy,
    limit: 10,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <PagedTable
      of={revisions}
      paging={paging}
      noun="revision"
      empty={<Empty title="There is no revision" />}
      caption="Revisions of the policy, newest first"
      keyOf={({ revision }) => String(revision)}
      columns={[
        { title: "Revision", cell: ({ revision }) => revision },
        {
          title: "Condition",
          cell: ({ condition }) => (
            <code>
              <Plain text={condition} />
            </code>
          ),
        },
        { title: "By", cell: ({ author }) => <Plain text={author} /> },
        { title: "Written", isMinor: true, cell: ({ at }) => <ExactInstant at={at} /> },
      ]}
    />
  );
}

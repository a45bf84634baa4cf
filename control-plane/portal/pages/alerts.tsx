import { Group, Select, Text } from "@mantine/core";
import { useSearchParams } from "wouter";
import { ALERT_STATES } from "../data/alerts.ts";
import { useDeviceNames } from "../data/device-names.ts";
import { counted } from "../data/format.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { describeError, isRefusal } from "../data/refusal.ts";
import { useMay } from "../data/session.tsx";
import { AlertTable } from "../parts/alert-table.tsx";
import { Answer, Empty } from "../parts/answer.tsx";
import { DeviceSearch } from "../parts/device-search.tsx";
import { Figure } from "../parts/figure.tsx";
import { Page } from "../parts/page.tsx";
import { Pager } from "../parts/pager.tsx";
import { SilenceDialog } from "../parts/silence-dialog.tsx";

type State = (typeof ALERT_STATES)[number];
const isState = (text: string | null): text is State => ALERT_STATES.some((each) => each === text);
const TONES: Partial<Record<State, string>> = { firing: "bad", nodata: "bad", pending: "warn", recovering: "warn" };
const TITLES: Readonly<Record<State, string>> = {
  firing: "Firing",
  nodata: "Without data",
  pending: "Pending",
  recovering: "Recovering",
  maintenance: "No surprise",
  resolved: "Over",
};

/** What is wrong now, by the policies. What is looked for stands in the address. */
export function Alerts() {
  const [parameters, setParameters] = useSearchParams();
  const [selector, policy, written] = [
    parameters.get("selector") ?? "",
    parameters.get("policy") ?? "",
    parameters.get("state"),
  ];
  const state = isState(written) ? written : undefined;
  const change = (name: string, value: string) =>
    setParameters((before) => {
      const next = new URLSearchParams(before);
      if (value === "") next.delete(name);
      else next.set(name, value);
      return next;
    });
  const paging = usePaging(parameters.toString());
  const may = useMay("policy:read");
  const nameOf = useDeviceNames();
  const policies = useRead("sa/pe/policy/list", { limit: 500 }, { enabled: may });
  const alerts = useRead(
    "sa/pe/alert/list",
    {
      limit: 50,
      ...(selector !== "" && { selector }),
      ...(policy !== "" && { policy }),
      ...(state !== undefined && { state: [state] }),
      ...(paging.cursor !== undefined && { cursor: paging.cursor }),
    },
    { keepPrevious: true, enabled: may },
  );
  const isSelectorWrong = isRefusal(alerts.error, "invalid-input");
  const isFiltered = selector !== "" || policy !== "" || state !== undefined;
  const names = [
    ...new Set([...(policies.data?.items.map(({ name }) => name) ?? []), ...(policy === "" ? [] : [policy])]),
  ];
  if (!may)
    return (
      <Page title="Alerts">
        <Empty title="Your account may not read policies">It needs the permission policy:read.</Empty>
      </Page>
    );
  return (
    <Page title="Alerts" actions={<SilenceDialog />}>
      <StateFigures />
      <DeviceSearch
        key={selector}
        selector={selector}
        onSearch={(text) => change("selector", text)}
        error={isSelectorWrong ? describeError(alerts.error).detail : undefined}
      >
        <Group gap="sm">
          <Select
            aria-label="State"
            placeholder="All that are not over"
            data={ALERT_STATES.map((value) => ({ value, label: TITLES[value] }))}
            clearable
            value={state ?? null}
            onChange={(chosen) => change("state", chosen ?? "")}
          />
          <Select
            aria-label="Policy"
            placeholder="All policies"
            data={names}
            searchable
            clearable
            value={policy === "" ? null : policy}
            onChange={(chosen) => change("policy", chosen ?? "")}
          />
        </Group>
      </DeviceSearch>
      {!isSelectorWrong && (
        <Answer of={alerts} lines={8}>
          {({ items, next }) =>
            items.length === 0 ? (
              isFiltered ? (
                <Empty title="No alert is like that">Change what is looked for, or clear it to see all.</Empty>
              ) : (
                <NoAlert />
              )
            ) : (
              <>
                <AlertTable alerts={items} caption="Alerts" nameOf={nameOf} />
                <Pager paging={paging} next={next} shown={items.length} total={undefined} noun="alert" />
              </>
            )
          }
        </Answer>
      )}
    </Page>
  );
}

/** How many there are of each state that is not over. */
function StateFigures() {
  const summary = useRead("sa/pe/alert/summary", {});
  return (
    <div className="figures">
      {ALERT_STATES.filter((each) => each !== "resolved").map((each) => (
        <Figure
          key={each}
          label={TITLES[each]}
          value={summary.data?.states[each] ?? 0}
          to={`/alerts?state=${each}`}
          tone={TONES[each] ?? "quiet"}
        />
      ))}
    </div>
  );
}

/** Who looks, where there is nothing to see. */
function NoAlert() {
  const coverage = useRead("sa/pe/policy/coverage", {});
  return (
    <Answer of={coverage} lines={1}>
      {({ policies, devices }) => (
        <Empty title="There is no alert">
          <Text size="sm">
            {policies === 0
              ? "No policy watches anything yet: make one under “Policies”."
              : `${counted(policies, "policy watches", "policies watch")} ${counted(devices, "device")}.`}
          </Text>
        </Empty>
      )}
    </Answer>
  );
}

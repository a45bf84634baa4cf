import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { Link, useParams } from "wouter";
import { lookedText, nameIn, policyLink, subjectOf, type AlertRow } from "../data/alerts.ts";
import { withRange } from "../data/chart-range.ts";
import { useDeviceNames } from "../data/device-names.ts";
import { useNow } from "../data/now.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Empty, Failure } from "../parts/answer.tsx";
import { Causes } from "../parts/causes.tsx";
import { Deciding } from "../parts/deciding.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Facts } from "../parts/facts.tsx";
import { ExactInstant, Instant } from "../parts/instant.tsx";
import { Page } from "../parts/page.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { SilenceDialog } from "../parts/silence-dialog.tsx";
import { State } from "../parts/state.tsx";

const TRAIL = [{ label: "Alerts", to: "/alerts" }];
/** What is shown of the charts before it began and after it ended. */
const AROUND = 15 * 60_000;

/** One alert: why it is so, how it came to this, and what followed. */
export function Alert() {
  const params = useParams();
  const id = `${nameIn(params["device"])}/${nameIn(params["policy"])}`;
  const found = useRead("sa/pe/alert/find", { alert: id });
  const nameOf = useDeviceNames();
  return (
    <Answer of={found} lines={8}>
      {(alert) => (
        <Page
          title={`${alert.policy} on ${subjectOf(alert, nameOf)}`}
          trail={TRAIL}
          badge={<State state={alert.state} />}
          actions={<Controls alert={alert} name={subjectOf(alert, nameOf)} />}
        >
          <div className="grid two">
            <Stack>
              <Section title="Why">
                <Why alert={alert} />
              </Section>
              <Section title="What it is">
                <Standing alert={alert} name={subjectOf(alert, nameOf)} />
              </Section>
            </Stack>
            <Stack>
              <Section title="How it came to this">
                <Steps alert={alert} />
              </Section>
              <Section title="What followed">
                <Followed alert={alert} />
              </Section>
            </Stack>
          </div>
        </Page>
      )}
    </Answer>
  );
}

interface Of {
  readonly alert: AlertRow;
}
interface Named extends Of {
  /** What its device or its group is called. */
  readonly name: string;
}

function Controls({ alert: { id, state, acknowledgedBy, device, policy }, name }: Named) {
  const acknowledge = useWrite("sa/pe/alert/acknowledge");
  const may = useMay("policy:write");
  return (
    <Group gap="sm">
      {state !== "resolved" && acknowledgedBy === undefined && (
        <Button
          size="xs"
          disabled={!may}
          loading={acknowledge.isPending}
          onClick={() => acknowledge.mutate({ alert: id })}
        >
          I look after it
        </Button>
      )}
      <SilenceDialog {...(device !== undefined && { device, name })} policy={policy} />
      {acknowledge.isError && <Failure error={acknowledge.error} />}
    </Group>
  );
}

function Why({ alert: { id } }: Of) {
  const explained = useRead("sa/pe/alert/explain", { alert: id }, { every: 10_000 });
  return (
    <Answer of={explained}>
      {(answer) => (
        <>
          <Causes of={answer} />
          {answer.deciding !== undefined && <Deciding of={answer.deciding} />}
        </>
      )}
    </Answer>
  );
}

/** The device's charts, from before it began. */
function chartsOf(device: string, { since, endedAt }: AlertRow, now: number): string {
  const range = { from: since - AROUND, to: Math.min(now, (endedAt ?? now) + AROUND) };
  return `/devices/${encodeURIComponent(device)}/charts?${withRange(new URLSearchParams(), range).toString()}`;
}

function Standing({ alert, name }: Named) {
  const now = useNow();
  const { device, policy, severity, since, firedAt, endedAt, episode, acknowledgedBy } = alert;
  return (
    <>
      <Facts
        of={[
          device === undefined
            ? ["Group", <Plain key="group" text={name} />]
            : [
                "Device",
                <Anchor key="device" component={Link} href={`/devices/${encodeURIComponent(device)}/alerts`} size="sm">
                  <Plain text={name} />
                </Anchor>,
              ],
          [
            "Policy",
            <Anchor key="policy" component={Link} href={policyLink(policy)} size="sm">
              <Plain text={policy} />
            </Anchor>,
          ],
          ["Severity", <State key="severity" state={severity} />],
          ["Began", <ExactInstant key="since" at={since} />],
          ["Fired", firedAt === undefined ? "not yet" : <ExactInstant key="fired" at={firedAt} />],
          ["Over", endedAt === undefined ? "no" : <ExactInstant key="ended" at={endedAt} />],
          ["Began so far", `${episode} ${episode === 1 ? "time" : "times"}`],
          ["Looked after by", <Plain key="by" text={acknowledgedBy ?? "nobody yet"} />],
        ]}
      />
      {device !== undefined && (
        <Text size="sm" mt="sm">
          <Anchor component={Link} href={chartsOf(device, alert, now)} size="sm">
            What the device measured then
          </Anchor>
        </Text>
      )}
    </>
  );
}

function Steps({ alert: { id } }: Of) {
  const history = useRead("sa/pe/alert/history", { alert: id });
  return (
    <Answer of={history}>
      {({ steps }) =>
        steps.length === 0 ? (
          <Empty title="Its changes were not noted yet when it began" />
        ) : (
          <DataTable
            caption="Changes of the alert, newest first"
            rows={steps.toReversed()}
            keyOf={({ at, state, episode }) => `${at} ${state} ${episode}`}
            columns={[
              { title: "When", cell: ({ at }) => <ExactInstant at={at} /> },
              { title: "State", cell: ({ state }) => <State state={state} /> },
              {
                title: "Saw",
                cell: ({ looked, reason }) => (
                  <Plain text={[lookedText(looked), reason].filter(Boolean).join("; ") || "–"} />
                ),
              },
            ]}
          />
        )
      }
    </Answer>
  );
}

function Followed({ alert: { done = [], isActing, group } }: Of) {
  // What all devices of a group are asked to do is a rollout.
  const jobs = group === undefined ? "/jobs" : "/rollouts";
  if (done.length === 0)
    return (
      <Empty title={isActing === true ? "What the policy wants is being asked for" : "Nothing was asked for"}>
        {isActing !== true && "A policy may ask its device for something, or for its data, when it fires."}
      </Empty>
    );
  return (
    <DataTable
      caption="What was asked for because of the alert"
      rows={done}
      keyOf={({ what, at, made }) => `${what} ${at} ${made ?? ""}`}
      linkOf={({ what, made }) =>
        made === undefined ? undefined : `${what === "data" ? "/data/requests" : jobs}/${encodeURIComponent(made)}`
      }
      columns={[
        { title: "What", cell: ({ what }) => <Plain text={what} /> },
        {
          title: "What became of it",
          cell: ({ what, made, problem }) =>
            made === undefined ? (
              <Plain text={problem ?? "–"} />
            ) : what === "data" ? (
              <RequestState id={made} />
            ) : group !== undefined ? (
              <RolloutState id={made} />
            ) : (
              <JobState id={made} />
            ),
        },
        { title: "Asked", cell: ({ at }) => <Instant at={at} /> },
      ]}
    />
  );
}

function RequestState({ id }: { readonly id: string }) {
  const found = useRead("diml/dml/do/datarequest/find", { id });
  return (
    <Answer of={found} lines={1}>
      {({ state }) => <State state={state} />}
    </Answer>
  );
}

function RolloutState({ id }: { readonly id: string }) {
  const found = useRead("cpl/dm/rollout/find", { rollout: id });
  return (
    <Answer of={found} lines={1}>
      {({ state }) => <State state={state} />}
    </Answer>
  );
}

function JobState({ id }: { readonly id: string }) {
  const found = useRead("cpl/dm/job/find", { job: id });
  return (
    <Answer of={found} lines={1}>
      {({ job }) => <State state={job.state} />}
    </Answer>
  );
}

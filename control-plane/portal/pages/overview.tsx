import { Anchor, Text } from "@mantine/core";
import { Link } from "wouter";
import { useDeviceNames } from "../data/device-names.ts";
import { useRead } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Empty } from "../parts/answer.tsx";
import { Counts } from "../parts/counts.tsx";
import { Enrol } from "../parts/enrol.tsx";
import { EventList } from "../parts/event-list.tsx";
import { Figure } from "../parts/figure.tsx";
import { JobTable } from "../parts/job-table.tsx";
import { Page } from "../parts/page.tsx";
import { Section } from "../parts/section.tsx";
import { WaitingWork } from "../parts/waiting-work.tsx";

const devicesWith = (selector: string) => `/devices?${new URLSearchParams({ selector }).toString()}`;
const equal = (field: string) => (value: string) => devicesWith(`${field} == ${JSON.stringify(value)}`);

/** What the fleet is like right now. */
export function Overview() {
  const summary = useRead("cpl/dm/device/summary", {}, { every: 30_000 });
  return (
    <Page title="Overview" actions={<Enrol />}>
      <WaitingWork />
      <Answer of={summary}>
        {({ total, presence, state, conditions, agentVersion, operatingSystem }) =>
          total === 0 ? (
            <Empty title="No device is enrolled yet">
              Choose “Enrol a device” and run the command it shows on any Linux host. Its live charts appear here within
              seconds.
            </Empty>
          ) : (
            <>
              <div className="figures">
                <Figure label="Devices" value={total} to="/devices" />
                <Figure label="Online" value={presence["online"] ?? 0} to={equal("presence")("online")} tone="good" />
                <Figure label="Silent" value={presence["silent"] ?? 0} to={equal("presence")("silent")} tone="warn" />
                <Figure
                  label="Offline"
                  value={presence["offline"] ?? 0}
                  to={equal("presence")("offline")}
                  tone="quiet"
                />
                {(presence["flapping"] ?? 0) > 0 && (
                  <Figure
                    label="Flapping"
                    value={presence["flapping"] ?? 0}
                    to={equal("presence")("flapping")}
                    tone="warn"
                  />
                )}
              </div>
              <div className="grid four">
                <Section title="States">
                  <Counts of={state} linkOf={equal("state")} />
                </Section>
                <Section title="In need of a look">
                  <Needing total={total} presence={presence} state={state} conditions={conditions} />
                </Section>
                <Section title="Agent versions">
                  <Counts
                    of={agentVersion}
                    linkOf={(version) => equal("agent_version")(version === "unknown" ? "" : version)}
                  />
                </Section>
                <Section title="Operating systems">
                  <Counts of={operatingSystem} linkOf={() => undefined} />
                </Section>
              </div>
            </>
          )
        }
      </Answer>
      <div className="grid two">
        <RecentJobs />
        <RecentEvents />
      </div>
    </Page>
  );
}

type Count = Readonly<Record<string, number>>;

/** Devices that are not trusted, come and go, or say that something is wrong with them. */
function Needing(all: {
  readonly total: number;
  readonly presence: Count;
  readonly state: Count;
  readonly conditions: Count;
}) {
  const found = [
    ["quarantined", all.state["quarantined"], equal("state")("quarantined")],
    ["flapping", all.presence["flapping"], equal("presence")("flapping")],
    ...Object.entries(all.conditions).map(
      ([word, count]) =>
        [word, count, devicesWith(`${JSON.stringify(word)} in conditions && state != "retired"`)] as const,
    ),
  ] as const;
  const needing = found.filter(([, count = 0]) => count > 0);
  if (needing.length === 0)
    return (
      <Text size="sm" c="dimmed">
        No device is in quarantine, comes and goes, or says that something is wrong with it.
      </Text>
    );
  return (
    <Counts
      of={Object.fromEntries(needing.map(([word, count = 0]) => [word, count]))}
      outOf={all.total}
      linkOf={(name) => needing.find(([word]) => word === name)?.[2]}
    />
  );
}

const All = ({ to, children }: { readonly to: string; readonly children: string }) => (
  <Anchor component={Link} href={to} size="sm">
    {children}
  </Anchor>
);

function RecentJobs() {
  const jobs = useRead("cpl/dm/job/list", { limit: 8 });
  const nameOf = useDeviceNames();
  return (
    <Section title="Jobs" aside={<All to="/jobs">All jobs</All>}>
      <Answer of={jobs}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed">
              Nobody has asked a device to do anything yet.
            </Text>
          ) : (
            <JobTable jobs={items} caption="The newest jobs" nameOf={nameOf} />
          )
        }
      </Answer>
    </Section>
  );
}

function RecentEvents() {
  const mayRead = useMay("event:read");
  const events = useRead("ia/event/list", { limit: 12 }, { enabled: mayRead });
  if (!mayRead) return null;
  return (
    <Section title="Events" aside={<All to="/events">All events</All>}>
      <Answer of={events}>
        {({ events }) =>
          events.length === 0 ? (
            <Text size="sm" c="dimmed">
              Nothing has happened yet.
            </Text>
          ) : (
            <EventList events={[...events].reverse()} />
          )
        }
      </Answer>
    </Section>
  );
}

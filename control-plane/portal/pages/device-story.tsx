import { Anchor, Button, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { alertsOf, askedOf, changesOf, logOf, notesOf, storyOf, type Happening } from "../data/device-story.ts";
import { useRead } from "../data/queries.ts";
import type { DeviceRow } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { Empty, Failure, Loading } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { State } from "../parts/state.tsx";

/** Of each source. */
const [FIRST, MOST] = [50, 500];

/** What happened to a device, whoever told it, newest first; it goes on by itself. */
export function DeviceStory({ device: { id } }: { readonly device: DeviceRow }) {
  const [limit, setLimit] = useState(FIRST);
  const [mayJobs, mayPolicies, mayEvents] = [useMay("job:read"), useMay("policy:read"), useMay("event:read")];
  const kept = { keepPrevious: true, every: 10_000 };
  const jobs = useRead("cpl/dm/job/list", { device: id, limit }, { ...kept, enabled: mayJobs });
  const alerts = useRead(
    "sa/pe/alert/list",
    { device: [id], since: 0, limit: MOST },
    { ...kept, enabled: mayPolicies },
  );
  const changes = useRead("cpl/dm/device/history", { device: id, limit }, kept);
  const notes = useRead("cpl/dm/device/events", { device: id, limit }, kept);
  const log = useRead("ia/event/list", { type: ["device.*"], limit: MOST }, { ...kept, enabled: mayEvents });
  const asked = [jobs, alerts, changes, notes, log];
  const failed = asked.find(({ isError }) => isError);
  const { happenings, isAll } = storyOf([
    ...(jobs.data ? [askedOf(jobs.data)] : []),
    ...(alerts.data ? [alertsOf(alerts.data)] : []),
    ...(changes.data ? [changesOf(changes.data)] : []),
    ...(notes.data ? [notesOf(notes.data)] : []),
    ...(log.data ? [logOf(log.data, id)] : []),
  ]);
  const oldestOfLog = log.data?.events[0]?.at;
  return (
    <Section title="What happened">
      {failed && <Failure error={failed.error} onRetry={() => void failed.refetch()} />}
      {asked.some(({ isLoading }) => isLoading) ? (
        <Loading lines={8} />
      ) : (
        <>
          <Story of={happenings} />
          <Text size="sm" c="dimmed" mt="sm">
            {oldestOfLog !== undefined && (
              <>
                Coming and going is told since <ExactInstant at={oldestOfLog} />.{" "}
              </>
            )}
            {!(mayJobs && mayPolicies && mayEvents) && "What your account may not read is left out."}
          </Text>
          {!isAll && limit < MOST && (
            <Button size="xs" mt="sm" variant="default" onClick={() => setLimit(MOST)}>
              Further back
            </Button>
          )}
        </>
      )}
    </Section>
  );
}

const Story = ({ of: happenings }: { readonly of: readonly Happening[] }) =>
  happenings.length === 0 ? (
    <Empty title="Nothing has happened to it yet" />
  ) : (
    <DataTable
      caption="What happened to the device, newest first"
      rows={happenings.map((each, place) => ({ ...each, place: happenings.length - place }))}
      keyOf={({ at, what, place }) => `${at} ${what} ${place}`}
      columns={[
        { title: "When", cell: ({ at }) => <ExactInstant at={at} /> },
        {
          title: "What",
          cell: ({ what, link }) =>
            link === undefined ? (
              <Plain text={what} />
            ) : (
              <Anchor component={Link} href={link} size="sm">
                <Plain text={what} />
              </Anchor>
            ),
        },
        {
          title: "State",
          isMinor: "slightly",
          cell: ({ state }) => (state === undefined ? "–" : <State state={state} />),
        },
        { title: "Detail", isMinor: true, cell: ({ detail = "" }) => <Plain text={detail || "–"} /> },
      ]}
    />
  );

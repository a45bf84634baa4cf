import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { alertsOf, askedOf, changesOf, logOf, notesOf, storyOf } from "../data/device-story.ts";
import { useRead } from "../data/queries.ts";
import type { DeviceRow } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { Failure, Loading } from "../parts/answer.tsx";
import { HappeningTable } from "../parts/happening-table.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Section } from "../parts/section.tsx";

const [FIRST, MOST] = [50, 500]; // of each source

/** What happened to a device, whoever told it, newest first; it goes on by itself. */
export function DeviceStory({ device: { id } }: { readonly device: DeviceRow }) {
  const [limit, setLimit] = useState(FIRST);
  const [mayJobs, mayPolicies, mayEvents] = [useMay("job:read"), useMay("policy:read"), useMay("event:read")];
  const kept = { keepPrevious: true, every: 10_000 };
  const jobs = useRead("cpl/dm/job/list", { device: id, limit }, { ...kept, enabled: mayJobs });
  const ever = { device: [id], since: 0, limit: MOST };
  const alerts = useRead("sa/pe/alert/list", ever, { ...kept, enabled: mayPolicies });
  const changes = useRead("cpl/dm/device/history", { device: id, limit }, kept);
  const notes = useRead("cpl/dm/device/events", { device: id, limit }, kept);
  const log = useRead("ia/event/list", { device: id, limit }, { ...kept, enabled: mayEvents });
  const asked = [jobs, alerts, changes, notes, log];
  const failed = asked.find(({ isError }) => isError);
  const { happenings, isAll } = storyOf([
    ...(jobs.data ? [askedOf(jobs.data)] : []),
    ...(alerts.data ? [alertsOf(alerts.data)] : []),
    ...(changes.data ? [changesOf(changes.data)] : []),
    ...(notes.data ? [notesOf(notes.data)] : []),
    ...(log.data ? [logOf(log.data, limit)] : []),
  ]);
  // Before it was there nothing happened to it; else older events are kept no more.
  const oldest = log.data?.events[0];
  return (
    <Section title="What happened">
      {failed && <Failure error={failed.error} onRetry={() => void failed.refetch()} />}
      {asked.some(({ isLoading }) => isLoading) ? (
        <Loading lines={8} />
      ) : (
        <>
          <HappeningTable
            of={happenings}
            caption="What happened to the device, newest first"
            empty="Nothing has happened to it yet"
          />
          <Text size="sm" c="dimmed" mt="sm">
            {oldest !== undefined && oldest.type !== "device.create" && (
              <>
                Coming and going is told since <ExactInstant at={oldest.at} />.{" "}
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

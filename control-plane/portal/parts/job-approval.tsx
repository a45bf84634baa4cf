import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useDeviceNames } from "../data/device-names.ts";
import { useWrite } from "../data/queries.ts";
import { useMay, useSession } from "../data/session.tsx";
import { Failure } from "./answer.tsx";
import { ExactInstant } from "./instant.tsx";
import type { Job } from "./job-table.tsx";
import { Json } from "./json.tsx";
import { Plain } from "./plain.tsx";

/** What exactly would be done, and the two words that a second person can say to it. */
export function JobApproval({ job }: { readonly job: Job }) {
  const approve = useWrite("cpl/dm/job/approve");
  const refuse = useWrite("cpl/dm/job/refuse");
  const cancel = useWrite("cpl/dm/job/cancel");
  const may = useMay("job:approve");
  const isOwn = useSession().actor === job.author;
  const nameOf = useDeviceNames();
  const failed = [approve, refuse, cancel].find(({ isError }) => isError);
  return (
    <Alert color="yellow" title={`${job.kind} waits for a second person`}>
      <Stack gap="sm">
        <Text size="sm">
          <Plain text={job.author} /> wants this done on <Plain text={job.devices.map(nameOf).join(", ")} />, before{" "}
          <ExactInstant at={job.expiresAt} />.
        </Text>
        {Object.keys(job.arguments).length > 0 && <Json value={job.arguments} label="What exactly would run" />}
        {job.sealed !== undefined && (
          <Text size="sm">
            With secrets that only the device can read, named <Plain text={job.sealed.box.names.join(", ")} />.
          </Text>
        )}
        <Group gap="sm">
          {isOwn ? (
            <Button size="compact-sm" variant="outline" color="red" onClick={() => cancel.mutate({ job: job.id })}>
              Cancel
            </Button>
          ) : (
            <>
              <Button
                size="compact-sm"
                disabled={!may}
                loading={approve.isPending}
                onClick={() => approve.mutate({ job: job.id })}
              >
                Approve
              </Button>
              <Button
                size="compact-sm"
                color="red"
                variant="outline"
                disabled={!may}
                loading={refuse.isPending}
                onClick={() => refuse.mutate({ job: job.id })}
              >
                Refuse
              </Button>
            </>
          )}
        </Group>
        {failed && <Failure error={failed.error} />}
      </Stack>
    </Alert>
  );
}

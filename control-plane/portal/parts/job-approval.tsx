import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useDeviceNames } from "../data/device-names.ts";
import { useWrite } from "../data/queries.ts";
import { useSession } from "../data/session.tsx";
import { Failure } from "./answer.tsx";
import { ExactInstant } from "./instant.tsx";
import type { Job } from "./job-table.tsx";
import { Json } from "./json.tsx";
import { Plain } from "./plain.tsx";
import { SecondWord } from "./second-word.tsx";

/** What exactly would be done, and the two words that a second person can say to it. */
export function JobApproval({ job }: { readonly job: Job }) {
  const approve = useWrite("cpl/dm/job/approve");
  const refuse = useWrite("cpl/dm/job/refuse");
  const cancel = useWrite("cpl/dm/job/cancel");
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
        {isOwn ? (
          <Group gap="sm">
            <Button size="compact-sm" variant="outline" color="red" onClick={() => cancel.mutate({ job: job.id })}>
              Cancel
            </Button>
          </Group>
        ) : (
          <SecondWord
            approve={{ say: () => approve.mutate({ job: job.id }), isPending: approve.isPending }}
            refuse={{ say: () => refuse.mutate({ job: job.id }), isPending: refuse.isPending }}
          />
        )}
        {failed && <Failure error={failed.error} />}
      </Stack>
    </Alert>
  );
}

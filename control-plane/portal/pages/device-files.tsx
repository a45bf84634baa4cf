import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { useWrite } from "../data/queries.ts";
import type { DeviceRow } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { Empty, Failure, Loading } from "../parts/answer.tsx";
import { FolderLook } from "../parts/folder-look.tsx";
import { JobView } from "../parts/job-view.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";

/** Seconds for which a look waits for the device: nobody looks at an old folder. */
const PATIENCE = 60;

/** A folder that was asked for; the roots when the path is empty. */
interface Place {
  readonly path: string;
  /** The last name of the page before. */
  readonly after: string;
}

/** Looks into the folders that the device's owner opened to files: one at a time, when somebody asks. */
export function DeviceFiles({ device }: { readonly device: DeviceRow }) {
  const [way, setWay] = useState<readonly Place[]>([]);
  const [fetching, setFetching] = useState<string | undefined>(undefined);
  // What it tells is of the last look only: until that is answered, nothing is shown.
  const look = useWrite("cpl/dm/job/create");
  const job = look.data?.job.id;
  const fetchFile = useWrite("cpl/dm/job/create", (output) => setFetching(output.job.id));
  const [mayCreate, mayLook] = [useMay("job:create"), useMay("command:file.list")];
  if (!mayCreate || !mayLook)
    return <Empty title="Your account may not look into folders">It needs job:create and command:file.list.</Empty>;
  if (!device.agent.capabilities.includes("command:file.list"))
    return <Empty title="The device cannot be looked into">Its agent is older than that, or not heard of yet.</Empty>;
  const goTo = (next: readonly Place[]) => {
    const { path, after } = next.at(-1) ?? { path: "", after: "" };
    const given = { ...(path !== "" && { path }), ...(after !== "" && { after }) };
    setWay(next);
    look.mutate({ device: device.id, kind: "file.list", arguments: given, queueTimeout: PATIENCE });
  };
  const here = way.at(-1);
  return (
    <Stack>
      <Section
        title="Files of the device"
        aside={
          here !== undefined && (
            <Group gap="sm">
              <Button
                size="compact-sm"
                variant="default"
                disabled={way.length === 1}
                onClick={() => goTo(way.slice(0, -1))}
              >
                Back
              </Button>
              <Button size="compact-sm" variant="default" loading={look.isPending} onClick={() => goTo(way)}>
                Look again
              </Button>
            </Group>
          )
        }
      >
        {look.error && <Failure error={look.error} />}
        {here === undefined ? (
          <Empty title="Nothing was looked at yet">
            <Text size="sm" mb="sm">
              Shown is what lies in folders that the owner of the host opened with --file-root. Each look is a command.
            </Text>
            <Button onClick={() => goTo([{ path: "", after: "" }])}>Show the open folders</Button>
          </Empty>
        ) : (
          <>
            <Text size="sm" mb="sm">
              In {here.path === "" ? "the open folders" : <Plain text={here.path} />}
              {here.after !== "" && (
                <>
                  , behind <Plain text={here.after} />
                </>
              )}
            </Text>
            {look.isPending && <Loading lines={4} />}
            {job !== undefined && (
              <FolderLook
                key={job}
                job={job}
                path={here.path}
                onEnter={(path) => goTo([...way, { path, after: "" }])}
                onNext={(after) => goTo([...way, { path: here.path, after }])}
                onFetch={(path) => fetchFile.mutate({ device: device.id, kind: "file.get", arguments: { path } })}
              />
            )}
          </>
        )}
      </Section>
      {fetchFile.error && <Failure error={fetchFile.error} />}
      {fetching !== undefined && (
        <>
          <JobView key={fetching} id={fetching} />
          <Anchor component={Link} href="/files" size="sm">
            What has come is among the files
          </Anchor>
        </>
      )}
    </Stack>
  );
}

import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { folderOf, pathOf, type Folder, type FolderEntry } from "../data/folder.ts";
import { bytes } from "../data/format.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { explainReason, explainState } from "../data/reasons.ts";
import type { CommandRow, DeviceRow } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Empty, Failure } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { ExactInstant } from "../parts/instant.tsx";
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
  const [job, setJob] = useState<string | undefined>(undefined);
  const [fetching, setFetching] = useState<string | undefined>(undefined);
  const look = useWrite("cpl/dm/job/create", (output) => setJob(output.job.id));
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
            {job !== undefined && (
              <Look
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

interface Ways {
  readonly path: string;
  readonly onEnter: (path: string) => void;
  readonly onNext: (after: string) => void;
  readonly onFetch: (path: string) => void;
}

/** One look, as it goes. */
function Look({ job, ...ways }: Ways & { readonly job: string }) {
  const found = useRead("cpl/dm/job/find", { job }, { every: 10_000 });
  return (
    <Answer of={found}>
      {({ job: row, commands: [command] }) => {
        if (row.state === "awaitingapproval") return <Alert color="blue">A second person has to say yes first.</Alert>;
        if (command === undefined) return <Empty title="It was not carried out" />;
        const folder = command.state === "succeeded" ? folderOf(command) : undefined;
        return folder === undefined ? <HowItGoes of={command} /> : <Content of={folder} {...ways} />;
      }}
    </Answer>
  );
}

const HowItGoes = ({ of: { state, reason, detail } }: { readonly of: CommandRow }) => (
  <Text size="sm" role="status">
    {explainState(state)}
    {reason !== "" && ` ${explainReason(reason)} `}
    {detail !== "" && <Plain text={detail} />}
  </Text>
);

function Content({
  of: { entries, hasMore, unnamed },
  path,
  onEnter,
  onNext,
  onFetch,
}: Ways & { readonly of: Folder }) {
  const mayFetch = useMay("command:file.get");
  const last = entries.at(-1);
  const nameOf = (entry: FolderEntry) =>
    entry.type === "folder" ? (
      <Anchor component="button" type="button" size="sm" ta="start" onClick={() => onEnter(pathOf(path, entry))}>
        <Plain text={entry.name} />
      </Anchor>
    ) : (
      <Plain text={entry.name} />
    );
  return (
    <>
      {entries.length === 0 ? (
        <Empty title={path === "" ? "No folder is open" : "Nothing is here"} />
      ) : (
        <DataTable
          caption="What lies in the folder"
          rows={entries}
          keyOf={({ name }) => name}
          columns={[
            { title: "Name", cell: nameOf },
            { title: "Is", isMinor: "slightly", cell: ({ type }) => <Plain text={type} /> },
            { title: "Size", align: "right", cell: (entry) => (entry.type === "file" ? bytes(entry.bytes) : "–") },
            { title: "Changed", isMinor: true, cell: ({ modifiedAtMs }) => <ExactInstant at={modifiedAtMs} /> },
            {
              title: "Actions",
              align: "right",
              cell: (entry) =>
                entry.type === "file" && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    disabled={!mayFetch}
                    aria-label={`Fetch ${entry.name}`}
                    onClick={() => onFetch(pathOf(path, entry))}
                  >
                    Fetch
                  </Button>
                ),
            },
          ]}
        />
      )}
      {unnamed > 0 && <Text size="sm">And {unnamed} with names that cannot be shown: they are no UTF-8.</Text>}
      {hasMore && last !== undefined && (
        <Button size="xs" mt="sm" variant="default" onClick={() => onNext(last.name)}>
          Next page
        </Button>
      )}
    </>
  );
}

import { Alert, Button, Group, Loader, Stack, Text } from "@mantine/core";
import type { Output } from "../../src/faces/client.ts";
import { bytes, counted, duration } from "../data/format.ts";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import type { BackupRow } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { Empty, Failure } from "../parts/answer.tsx";
import { ConfirmByName } from "../parts/confirm-by-name.tsx";
import { Icon } from "../parts/icon.tsx";
import { Instant } from "../parts/instant.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { State } from "../parts/state.tsx";

/** What there is to restore from, whether it was proved, and one more. */
export function Backups() {
  const paging = usePaging("");
  const backups = useRead(
    "ops/backup/list",
    { limit: 20, ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { every: 30_000 },
  );
  const create = useWrite("ops/backup/create");
  const drill = useWrite("ops/backup/drill");
  const destroy = useWrite("ops/backup/destroy");
  const mayCreate = useMay("backup:create");
  const mayDestroy = useMay("backup:destroy");
  const isMaking = backups.data?.items.some(({ state }) => state === "making") ?? false;
  return (
    <Section
      title="Backups"
      aside={
        <Button
          size="xs"
          leftSection={<Icon name="plus" size={14} />}
          disabled={!mayCreate || isMaking}
          loading={create.isPending}
          onClick={() => create.mutate({})}
        >
          Make a backup
        </Button>
      }
    >
      <Stack gap="sm">
        {[create, drill, destroy].map(({ error }, place) => error && <Failure key={place} error={error} />)}
        {drill.isPending && (
          <Text size="sm" role="status">
            The drill restores the backup into a temporary folder and compares every entry. That may take minutes; the
            verdict also appears in the list.
          </Text>
        )}
        {drill.data && <Verdict of={drill.data} />}
        <PagedTable
          of={backups}
          paging={paging}
          noun="backup"
          lines={4}
          empty={
            <Empty title="There is no backup yet">
              One is made every day by itself, unless that is switched off, or now with “Make a backup”.
            </Empty>
          }
          caption="Backups, newest first"
          keyOf={({ id }) => id}
          columns={[
            { title: "Made", cell: ({ createdAt }) => <Instant at={createdAt} /> },
            { title: "State", cell: (row) => <HowItIs of={row} /> },
            { title: "File", align: "right", isMinor: "slightly", cell: fileSize },
            { title: "By", isMinor: true, cell: ({ origin, author }) => <Plain text={by(origin, author)} /> },
            { title: "Drill", cell: (row) => <Drilled of={row} /> },
            { title: "Id", isMinor: true, cell: ({ id }) => <code>{id}</code> },
            {
              title: "Actions",
              align: "right",
              cell: ({ id, state }) =>
                state !== "making" && (
                  <Group gap="xs" justify="flex-end">
                    {state === "ready" && (
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Drill the backup ${id}`}
                        disabled={!mayCreate || drill.isPending}
                        loading={drill.isPending && drill.variables.backup === id}
                        onClick={() => drill.mutate({ backup: id })}
                      >
                        Drill
                      </Button>
                    )}
                    <ConfirmByName
                      button="Remove"
                      title={`Remove the backup ${id}`}
                      consequence="The backup and its file are removed. This cannot be undone."
                      names={[id]}
                      isSmall
                      isDisabled={!mayDestroy || destroy.isPending}
                      onConfirm={() => destroy.mutate({ backup: id })}
                    />
                  </Group>
                ),
            },
          ]}
        />
      </Stack>
    </Section>
  );
}

const fileSize = ({ fileBytes }: BackupRow) => (fileBytes > 0 ? bytes(fileBytes) : "–");

const by = (origin: string, author: string) =>
  ({ asked: author.replace(/^user:/, ""), schedule: "by itself", found: "found in the folder" })[origin] ?? origin;

const HowItIs = ({ of: { state, entries, bytes: soFar, damaged, reason } }: { readonly of: BackupRow }) => (
  <>
    <State state={state} />
    {state === "making" && (
      <Text size="xs" c="dimmed" role="status">
        <Loader size={10} mr={6} />
        {counted(entries, "entry")}, {bytes(soFar)} so far
      </Text>
    )}
    {damaged > 0 && (
      <Text size="xs" c="red">
        without {counted(damaged, "damaged entry")}
      </Text>
    )}
    {reason !== "" && (
      <Text size="xs">
        <Plain text={reason} />
      </Text>
    )}
  </>
);

const Drilled = ({ of: { state, drill } }: { readonly of: BackupRow }) => {
  if (drill === undefined) return state === "ready" ? "not yet" : "–";
  return (
    <>
      <State state={drill.passed ? "passed" : "failed"} /> <Instant at={drill.at} />
      {drill.mistakes.map((mistake) => (
        <Text key={mistake} size="xs">
          <Plain text={mistake} />
        </Text>
      ))}
    </>
  );
};

const Verdict = ({
  of: { passed, entries, bytes: compared, seconds },
}: {
  readonly of: Output<"ops/backup/drill">;
}) => (
  <Alert
    color={passed ? "green" : "red"}
    role={passed ? "status" : "alert"}
    title={
      passed ? "The drill has passed: this backup can be restored" : "The drill has failed: do not rely on this backup"
    }
  >
    <Text size="sm">
      {counted(entries, "entry")} ({bytes(compared)}) were restored and compared in {duration(seconds * 1_000)}.{" "}
      {passed ? "" : "What is wrong stands in the list. Make another backup and drill that."}
    </Text>
  </Alert>
);

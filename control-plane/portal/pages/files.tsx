import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useDeviceNames } from "../data/device-names.ts";
import { contentOf, type FileRow } from "../data/file-content.ts";
import { bytes } from "../data/format.ts";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Empty, Failure } from "../parts/answer.tsx";
import { ConfirmByName } from "../parts/confirm-by-name.tsx";
import { Instant } from "../parts/instant.tsx";
import { Page } from "../parts/page.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Plain } from "../parts/plain.tsx";
import { saveBlob } from "../parts/save-file.ts";
import { State } from "../parts/state.tsx";
import { UploadFile } from "../parts/upload-file.tsx";

/** What devices are to get, and what they have sent. */
export function Files() {
  const paging = usePaging("");
  const files = useRead(
    "cpl/dm/file/list",
    { limit: 50, ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { keepPrevious: true, every: 30_000 },
  );
  const nameOf = useDeviceNames();
  const destroy = useWrite("cpl/dm/file/destroy");
  const [mayWrite, mayRead, mayDestroy] = [useMay("file:write"), useMay("file:content"), useMay("file:destroy")];
  return (
    <Page title="Files">
      <Stack gap="md">
        {mayWrite && <UploadFile />}
        {destroy.error && <Failure error={destroy.error} />}
        <PagedTable
          of={files}
          paging={paging}
          noun="file"
          lines={8}
          empty={
            <Empty title="There is no file yet">
              Upload one here or with “edgemere file put”; what devices send for file.get appears here too.
            </Empty>
          }
          caption="Files, newest first"
          keyOf={({ id }) => id}
          columns={[
            { title: "Name", cell: ({ name }) => <Plain text={name} /> },
            { title: "State", cell: (row) => <HowItIs of={row} /> },
            { title: "Size", align: "right", cell: (row) => bytes(row.bytes) },
            {
              title: "Device",
              isMinor: true,
              cell: ({ device }) => (device === undefined ? "–" : nameOf(device)),
            },
            { title: "By", isMinor: true, cell: ({ author }) => <Plain text={author.replace(/^user:/, "")} /> },
            {
              title: "SHA-256",
              isMinor: true,
              cell: ({ sha256 }) => <code title={sha256}>{sha256.slice(0, 12) || "–"}</code>,
            },
            { title: "Kept until", isMinor: true, cell: ({ expiresAt }) => <Instant at={expiresAt} /> },
            {
              title: "Actions",
              align: "right",
              cell: (row) => (
                <Group gap="xs" justify="flex-end">
                  {row.state === "ready" && mayRead && <Download of={row} />}
                  <ConfirmByName
                    button="Remove"
                    title={`Remove the file ${row.name}`}
                    consequence="The file and its content are removed; devices that were to get it do not any more. This cannot be undone."
                    names={[row.name]}
                    isSmall
                    isDisabled={!mayDestroy || destroy.isPending}
                    onConfirm={() => destroy.mutate({ file: row.id })}
                  />
                </Group>
              ),
            },
          ]}
        />
      </Stack>
    </Page>
  );
}

const HowItIs = ({ of: { state, received, bytes: all, reason } }: { readonly of: FileRow }) => (
  <>
    <State state={state} />
    {state === "uploading" && (
      <Text size="xs" c="dimmed">
        {bytes(received)} of {bytes(all)}
      </Text>
    )}
    {reason !== "" && (
      <Text size="xs">
        <Plain text={reason} />
      </Text>
    )}
  </>
);

function Download({ of: row }: { readonly of: FileRow }) {
  const [isFetching, setFetching] = useState(false);
  const [failed, setFailed] = useState<Error>();
  const fetchIt = async () => {
    setFetching(true);
    setFailed(undefined);
    try {
      saveBlob(row.name, await contentOf(row));
    } catch (error) {
      setFailed(error instanceof Error ? error : new Error(String(error)));
    }
    setFetching(false);
  };
  return (
    <>
      {failed && <Failure error={failed} />}
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`Download ${row.name}`}
        loading={isFetching}
        onClick={() => void fetchIt()}
      >
        Download
      </Button>
    </>
  );
}

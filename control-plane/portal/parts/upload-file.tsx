import { Button, FileButton, Group, Progress, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../data/client.ts";
import { sendContent, type FileRow } from "../data/file-content.ts";
import { bytes } from "../data/format.ts";
import { Failure } from "./answer.tsx";
import { Icon } from "./icon.tsx";
import { Plain } from "./plain.tsx";

interface Upload {
  readonly content: File;
  readonly row: FileRow;
  readonly received: number;
  readonly error?: Error;
  readonly isOver: boolean;
}

/** Picks a file of the reader's machine and sends it; what fails goes on where it was. */
export function UploadFile() {
  const [upload, setUpload] = useState<Upload>();
  const [refusal, setRefusal] = useState<Error>();
  const queries = useQueryClient();
  const change = (over: Partial<Upload>) => setUpload((now) => now && { ...now, ...over });
  const fail = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

  const send = async ({ content, row, received }: Upload) => {
    try {
      const { state, reason } = await sendContent({ id: row.id, received }, content, (now) =>
        change({ received: now }),
      );
      change(state === "ready" ? { isOver: true } : { error: new Error(reason) });
    } catch (error) {
      change({ error: fail(error) });
    }
    await queries.invalidateQueries({ queryKey: ["cpl/dm/file/list"] });
  };
  const begin = async (content: File | null) => {
    if (content === null) return;
    setRefusal(undefined);
    try {
      const row = await call("cpl/dm/file/create", { name: content.name, bytes: content.size });
      const begun = { content, row, received: 0, isOver: false };
      setUpload(begun);
      await send(begun);
    } catch (error) {
      setRefusal(fail(error));
    }
  };
  const isUnderWay = upload !== undefined && !upload.isOver && upload.error === undefined;
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <FileButton onChange={(content) => void begin(content)} inputProps={{ "aria-label": "File to upload" }}>
          {(props) => (
            <Button {...props} size="xs" leftSection={<Icon name="plus" size={14} />} disabled={isUnderWay}>
              Upload a file
            </Button>
          )}
        </FileButton>
        <Text size="sm" c="dimmed">
          Devices get it by the command kind file.put
        </Text>
      </Group>
      {refusal && <Failure error={refusal} />}
      {upload && (
        <div role="status">
          <Text size="sm">
            <Plain text={upload.content.name} />:{" "}
            {upload.isOver ? "uploaded" : `${bytes(upload.received)} of ${bytes(upload.content.size)}`}
          </Text>
          <Progress
            aria-label="Upload"
            value={upload.content.size === 0 ? 100 : (100 * upload.received) / upload.content.size}
          />
        </div>
      )}
      {upload?.error && (
        <>
          <Failure error={upload.error} />
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              const { error: _, ...again } = upload;
              setUpload(again);
              void send(again);
            }}
          >
            Go on
          </Button>
        </>
      )}
    </Stack>
  );
}

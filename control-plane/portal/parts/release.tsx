import { Button, Group, List, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useWrite } from "../data/queries.ts";
import type { DeviceRow } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { Failure } from "./answer.tsx";
import { Dialog } from "./dialog.tsx";
import { Plain } from "./plain.tsx";
import { saved } from "./saved.ts";

/** Ends a quarantine, after it was said what that means. */
export function Release({ device }: { readonly device: DeviceRow }) {
  const [isOpen, setOpen] = useState(false);
  const release = useWrite("cpl/dm/device/release", () => {
    setOpen(false);
    saved("The device is released");
  });
  const may = useMay("device:write");
  return (
    <>
      <Button size="xs" variant="default" disabled={!may} onClick={() => setOpen(true)}>
        Release from quarantine
      </Button>
      <Dialog title="Release the device from quarantine" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Stack gap="sm">
          <Text size="sm">
            Why it is there: <Plain text={device.quarantineReason || "no reason was given"} />
          </Text>
          <List size="sm">
            <List.Item>It is given commands again; those that wait and have not expired are offered at once.</List.Item>
            <List.Item>What it has sent meanwhile is stored already. Nothing is lost either way.</List.Item>
            <List.Item>
              Release it when you know that one host alone uses this identity. If its disk was copied to a second host,
              stop that one first; if you cannot tell which is which, retire the device and enrol the host anew.
            </List.Item>
          </List>
          {release.isError && <Failure error={release.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setOpen(false)}>
              Cancel
            </Button>
            <Button loading={release.isPending} onClick={() => release.mutate({ device: device.id })}>
              Release
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}

import { Alert, Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Failure } from "./answer.tsx";
import { Copyable } from "./copyable.tsx";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icon.tsx";
import { Instant } from "./instant.tsx";

/** Makes an enrolment token and shows, once, the command that enrols a host with it. */
export function Enrol() {
  const [isOpen, setOpen] = useState(false);
  const make = useWrite("cpl/dm/token/create");
  const mayEnrol = useMay("enrol:create");
  const close = () => {
    setOpen(false);
    make.reset();
  };
  return (
    <>
      <Button
        leftSection={<Icon name="plus" />}
        disabled={!mayEnrol}
        title={mayEnrol ? undefined : "Your account may not enrol devices"}
        onClick={() => {
          setOpen(true);
          make.mutate({});
        }}
      >
        Enrol a device
      </Button>
      <Dialog title="Enrol a device" isOpen={isOpen} onClose={close}>
        {make.isError && <Failure error={make.error} onRetry={() => make.mutate({})} />}
        {make.isPending && <Text size="sm">Making a token…</Text>}
        {make.data && (
          <Stack>
            <Text size="sm">Run this on the host that is to be managed:</Text>
            <Copyable text={make.data.command} label="The command that enrols a host" />
            <Alert color="yellow">
              It is shown only now. It enrols one device and ends <Instant at={make.data.expiresAt} />.
            </Alert>
            <Text size="sm" c="dimmed">
              The device appears in the list as soon as it has enrolled.
            </Text>
            <Button variant="default" onClick={close}>
              Done
            </Button>
          </Stack>
        )}
      </Dialog>
    </>
  );
}

import { Button, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useWrite } from "../data/queries.ts";
import { fieldErrors } from "../data/refusal.ts";
import { useMay } from "../data/session.tsx";
import { Failure } from "./answer.tsx";
import { Dialog } from "./dialog.tsx";
import { Plain } from "./plain.tsx";
import { saved } from "./saved.ts";

const HOUR = 3_600_000;
const TIMES = [
  { value: "0.5", label: "for half an hour" },
  { value: "1", label: "for an hour" },
  { value: "4", label: "for four hours" },
  { value: "24", label: "for a day" },
  { value: "168", label: "for a week" },
];

/** Says that alerts are no surprise for a time: of a device, of a policy, of both, or of what a selector picks. */
export function SilenceDialog({
  device,
  name = "",
  policy,
}: {
  readonly device?: string;
  /** What the device is called. */
  readonly name?: string;
  readonly policy?: string;
}) {
  const [isOpen, setOpen] = useState(false);
  const [hours, setHours] = useState("1");
  const [reason, setReason] = useState("");
  const [selector, setSelector] = useState("");
  const create = useWrite("sa/pe/silence/create", () => {
    setOpen(false);
    setReason("");
    saved("Its alerts are no surprise until then");
  });
  const may = useMay("policy:write");
  const errors = fieldErrors(create.error);
  const isAtField = errors["reason"] !== undefined || errors["selector"] !== undefined;
  const picked = device === undefined ? selector.trim() : `id == ${JSON.stringify(device)}`;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        disabled={!may}
        onClick={() => {
          create.reset();
          setOpen(true);
        }}
      >
        Silence
      </Button>
      <Dialog title="Say that it is no surprise" isOpen={isOpen} onClose={() => setOpen(false)}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate({
              ...(picked !== "" && { selector: picked }),
              ...(policy !== undefined && { policy }),
              until: Date.now() + Number(hours) * HOUR,
              reason: reason.trim(),
            });
          }}
        >
          <Stack>
            <Text size="sm">
              Alerts of {policy === undefined ? "every policy" : <Plain text={`the policy ${policy}`} />}
              {device !== undefined && (
                <>
                  {" "}
                  on <Plain text={name || device} />
                </>
              )}{" "}
              are kept, and fire afterwards if their condition still holds.
            </Text>
            {device === undefined && (
              <TextInput
                label="Which devices"
                description="as in the list of devices: site=berlin; empty: every device"
                value={selector}
                error={errors["selector"]}
                onChange={(event) => setSelector(event.currentTarget.value)}
              />
            )}
            <Select
              label="How long"
              data={TIMES}
              allowDeselect={false}
              value={hours}
              onChange={(chosen) => setHours(chosen ?? "1")}
            />
            <TextInput
              label="Reason"
              required
              value={reason}
              error={errors["reason"]}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            {create.isError && !isAtField && <Failure error={create.error} />}
            <Button type="submit" loading={create.isPending} disabled={reason.trim() === ""}>
              Silence
            </Button>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}

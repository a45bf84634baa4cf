import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "./dialog.tsx";
import { Plain } from "./plain.tsx";

/** A button for what is hard to undo: the name of its object must be typed. */
export function ConfirmByName({
  button,
  title,
  consequence,
  names,
  isDisabled,
  isSmall = false,
  onConfirm,
}: {
  readonly button: string;
  readonly title: string;
  readonly consequence: string;
  /** What may be typed; the first is asked for, the others serve where it cannot be typed. */
  readonly names: readonly string[];
  readonly isDisabled: boolean;
  /** For a row of a table, where the title must tell one from the other. */
  readonly isSmall?: boolean;
  readonly onConfirm: () => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const close = () => {
    setOpen(false);
    setTyped("");
  };
  return (
    <>
      <Button
        color="red"
        variant="outline"
        disabled={isDisabled}
        onClick={() => setOpen(true)}
        {...(isSmall && { size: "compact-xs", "aria-label": title })}
      >
        {button}
      </Button>
      <Dialog title={title} isOpen={isOpen} onClose={close}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (!names.includes(typed.trim())) return;
            close();
            onConfirm();
          }}
        >
          <Stack>
            <Text size="sm">{consequence}</Text>
            <TextInput
              label={
                <>
                  Type <Plain text={names[0] ?? ""} /> to confirm
                </>
              }
              description={names.length > 1 ? `or its id, ${names.slice(1).join(" or ")}` : undefined}
              value={typed}
              autoComplete="off"
              data-autofocus
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" color="red" disabled={!names.includes(typed.trim())}>
                {button}
              </Button>
            </Group>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}

import { Button, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useWaitingForProof } from "../data/step-up.ts";
import { Failure } from "./answer.tsx";
import { Dialog } from "./dialog.tsx";

/** Asks for the password once more before something dangerous is done. */
export function StepUp() {
  const waiting = useWaitingForProof();
  const [password, setPassword] = useState("");
  const prove = useMutation({
    mutationFn: async () => waiting?.prove(password),
    onSettled: () => setPassword(""),
  });
  const close = () => {
    setPassword("");
    prove.reset();
    waiting?.giveUp();
  };
  return (
    <Dialog title="Is it you?" isOpen={waiting !== undefined} onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          prove.mutate();
        }}
      >
        <Stack>
          <Text size="sm">This is dangerous, and it is a while since you gave your password.</Text>
          {prove.isError && <Failure error={prove.error} />}
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            required
            data-autofocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" loading={prove.isPending}>
            Go on
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}

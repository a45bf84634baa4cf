import { Button, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useSession } from "../data/session.tsx";
import { leaveForSignIn } from "../data/single-sign-on.ts";
import { useWaitingForProof } from "../data/step-up.ts";
import { Failure } from "./answer.tsx";
import { Dialog } from "./dialog.tsx";

type Waiting = ReturnType<typeof useWaitingForProof>;

/** Asks for a fresh proof of who uses the portal before something dangerous is done. */
export function StepUp() {
  const waiting = useWaitingForProof();
  const hasPassword = useSession().proof === "password";
  return (
    <Dialog title="Is it you?" isOpen={waiting !== undefined} isAboveOthers onClose={() => waiting?.giveUp()}>
      {hasPassword ? <ByPassword waiting={waiting} /> : <AtTheProvider />}
    </Dialog>
  );
}

/** The password once more. */
function ByPassword({ waiting }: { readonly waiting: Waiting }) {
  const [password, setPassword] = useState("");
  const prove = useMutation({
    mutationFn: async () => waiting?.prove(password),
    onSettled: () => setPassword(""),
  });
  return (
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
  );
}

/** Of an account without a password: the page is left, so what was asked for has to be asked for again. */
function AtTheProvider() {
  const leave = useMutation({ mutationFn: async () => leaveForSignIn({ fresh: true }) });
  return (
    <Stack>
      <Text size="sm">
        This is dangerous, and it is a while since you signed in. Sign in again with the account of your organisation;
        you come back to this page, and ask for it once more.
      </Text>
      {leave.isError && <Failure error={leave.error} />}
      <Button data-autofocus loading={leave.isPending} onClick={() => leave.mutate()}>
        Sign in again
      </Button>
    </Stack>
  );
}

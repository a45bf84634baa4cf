import { Button, PasswordInput, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { counted } from "../data/format.ts";
import { useWrite } from "../data/queries.ts";
import { fieldErrors } from "../data/refusal.ts";
import { Failure } from "./answer.tsx";
import { NewPasswordFields, useNewPassword } from "./new-password.tsx";
import { saved } from "./saved.ts";

/** A new password for who uses the portal; whoever else is signed in with the old one is not any more. */
export function ChangePassword() {
  const [password, setPassword] = useState("");
  const fresh = useNewPassword();
  const change = useWrite("ia/password/change", ({ ended }) => {
    setPassword("");
    fresh.clear();
    saved(`Your password is changed; ${counted(ended, "other session")} ended`);
  });
  const errors = fieldErrors(change.error);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (fresh.isRepeated) change.mutate({ password, newPassword: fresh.value });
      }}
    >
      <Stack maw={420}>
        <Text size="sm" c="dimmed">
          Your other sessions end with it.
        </Text>
        {change.isError && <Failure error={change.error} />}
        <PasswordInput
          label="Present password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          error={errors["password"]}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <NewPasswordFields of={fresh} label="New password" name="new-password" error={errors["newPassword"]} />
        <div>
          <Button type="submit" loading={change.isPending} disabled={fresh.differs}>
            Change the password
          </Button>
        </div>
      </Stack>
    </form>
  );
}

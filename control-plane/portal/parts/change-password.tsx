import { Button, PasswordInput, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { counted } from "../data/format.ts";
import { useWrite } from "../data/queries.ts";
import { fieldErrors } from "../data/refusal.ts";
import { Failure } from "./answer.tsx";
import { saved } from "./saved.ts";

/** A new password for who uses the portal; whoever else is signed in with the old one is not any more. */
export function ChangePassword() {
  const [password, setPassword] = useState("");
  const [newPassword, setNewPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const change = useWrite("ia/password/change", ({ ended }) => {
    for (const clear of [setPassword, setNewPassword, setRepeated]) clear("");
    saved(`Your password is changed; ${counted(ended, "other session")} ended`);
  });
  const errors = fieldErrors(change.error);
  const differs = repeated !== "" && repeated !== newPassword;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (repeated === newPassword) change.mutate({ password, newPassword });
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
        <PasswordInput
          label="New password"
          description="At least 12 characters"
          name="new-password"
          autoComplete="new-password"
          minLength={12}
          required
          value={newPassword}
          error={errors["newPassword"]}
          onChange={(event) => setNewPassword(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password again"
          name="new-password-again"
          autoComplete="new-password"
          required
          value={repeated}
          error={differs ? "The two passwords differ" : undefined}
          onChange={(event) => setRepeated(event.currentTarget.value)}
        />
        <div>
          <Button type="submit" loading={change.isPending} disabled={differs}>
            Change the password
          </Button>
        </div>
      </Stack>
    </form>
  );
}

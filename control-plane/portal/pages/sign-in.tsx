import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useWrite } from "../data/queries.ts";
import { forgetSessionEnded, hasSessionEnded } from "../data/session.tsx";
import { leaveForSignIn } from "../data/single-sign-on.ts";
import { Failure } from "../parts/answer.tsx";
import { Entrance } from "../parts/entrance.tsx";

/** Shown at whatever address was asked for, so that signing in leads there by itself. */
export function SignIn({ hasSingleSignOn }: { readonly hasSingleSignOn: boolean }) {
  const elsewhere = useMutation({ mutationFn: async () => leaveForSignIn() });
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useWrite("ia/signin", () => {
    forgetSessionEnded();
    void queries.resetQueries();
  });
  return (
    <Entrance title="Sign in" intro="with your account of this control plane">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate({ name: name.trim(), password });
        }}
      >
        <Stack>
          {hasSessionEnded() && !signIn.isError && (
            <Alert color="yellow" role="status">
              Your session has ended. Sign in again to go on where you were.
            </Alert>
          )}
          {signIn.isError && <Failure error={signIn.error} />}
          <TextInput
            label="Name"
            name="name"
            autoComplete="username"
            autoCapitalize="none"
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" loading={signIn.isPending}>
            Sign in
          </Button>
          {hasSingleSignOn && (
            <Button variant="default" loading={elsewhere.isPending} onClick={() => elsewhere.mutate()}>
              Sign in with your organisation
            </Button>
          )}
          {elsewhere.isError && <Failure error={elsewhere.error} />}
        </Stack>
      </form>
    </Entrance>
  );
}

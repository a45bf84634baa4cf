import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useWrite } from "../data/queries.ts";
import { fieldErrors } from "../data/refusal.ts";
import { Failure } from "../parts/answer.tsx";
import { Entrance } from "../parts/entrance.tsx";

const codeInAddress = () => new URLSearchParams(window.location.search).get("code") ?? "";

/** The first account, for whoever can read what the control plane printed. */
export function SetUp() {
  const queries = useQueryClient();
  const [code, setCode] = useState(codeInAddress);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const setUp = useWrite("ia/setup", () => void queries.resetQueries());
  const errors = fieldErrors(setUp.error);
  const differs = repeated !== "" && repeated !== password;
  return (
    <Entrance
      title="Make the first account"
      intro="It may do everything. The one-time setup code stands in the terminal in which the control plane was started, and in its log."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (repeated === password) setUp.mutate({ code: code.trim(), name: name.trim(), password });
        }}
      >
        <Stack>
          {setUp.isError && <Failure error={setUp.error} />}
          <TextInput
            label="Setup code"
            name="code"
            autoComplete="one-time-code"
            required
            value={code}
            error={errors["code"]}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
          <TextInput
            label="Your name"
            description="Lower case letters, digits, dot, dash"
            name="name"
            autoComplete="username"
            autoCapitalize="none"
            required
            value={name}
            error={errors["name"]}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            description="At least 12 characters"
            name="password"
            autoComplete="new-password"
            minLength={12}
            required
            value={password}
            error={errors["password"]}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password again"
            name="password-again"
            autoComplete="new-password"
            required
            value={repeated}
            error={differs ? "The two passwords differ" : undefined}
            onChange={(event) => setRepeated(event.currentTarget.value)}
          />
          <Button type="submit" loading={setUp.isPending} disabled={differs}>
            Make the account
          </Button>
        </Stack>
      </form>
    </Entrance>
  );
}

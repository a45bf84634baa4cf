import { Button, Stack, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useWrite } from "../data/queries.ts";
import { fieldErrors } from "../data/refusal.ts";
import { Failure } from "../parts/answer.tsx";
import { Entrance } from "../parts/entrance.tsx";
import { NewPasswordFields, useNewPassword } from "../parts/new-password.tsx";

const codeInAddress = () => new URLSearchParams(window.location.search).get("code") ?? "";

/** The first account, for whoever can read what the control plane printed. */
export function SetUp() {
  const queries = useQueryClient();
  const [code, setCode] = useState(codeInAddress);
  const [name, setName] = useState("");
  const password = useNewPassword();
  const setUp = useWrite("ia/setup", () => void queries.resetQueries());
  const errors = fieldErrors(setUp.error);
  return (
    <Entrance
      title="Make the first account"
      intro="It may do everything. The one-time setup code stands in the terminal in which the control plane was started, and in its log."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (password.isRepeated) setUp.mutate({ code: code.trim(), name: name.trim(), password: password.value });
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
          <NewPasswordFields of={password} label="Password" name="password" error={errors["password"]} />
          <Button type="submit" loading={setUp.isPending} disabled={password.differs}>
            Make the account
          </Button>
        </Stack>
      </form>
    </Entrance>
  );
}

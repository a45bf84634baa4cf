import { Autocomplete, Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useRead } from "../data/queries.ts";
import { Answer } from "./answer.tsx";
import { Facts } from "./facts.tsx";
import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";

/** Asks of one device what a policy says of it now. */
export function WhyOnDevice({ policy }: { readonly policy: string }) {
  const devices = useRead("cpl/dm/device/list", { limit: 100 });
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  const explained = useRead("sa/pe/policy/explain", { policy, device: asked }, { enabled: asked !== "" });
  return (
    <Stack gap="sm">
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(typed.trim());
          if (typed.trim() === asked) void explained.refetch();
        }}
      >
        <Autocomplete
          className="grow"
          aria-label="Device"
          placeholder="Name or id of a device"
          data={[...new Set(devices.data?.items.map(({ name }) => name))]}
          limit={20}
          value={typed}
          onChange={setTyped}
        />
        <Button type="submit" variant="default" disabled={typed.trim() === ""}>
          Explain
        </Button>
      </form>
      {asked !== "" && (
        <Answer of={explained} lines={2}>
          {({ answer, state, looked = [], dueAt, quiet }) => (
            <div role="status">
              <Text size="sm" fw={600} mb="xs">
                <Plain text={answer} />
              </Text>
              <Facts
                of={[
                  ["Alert", <State key="state" state={state ?? "none"} />],
                  ...looked.map(({ what, value }) => [what, value?.toLocaleString() ?? "not known"] as const),
                  ...(dueAt === undefined ? [] : ([["Looked at again", <Instant key="due" at={dueAt} />]] as const)),
                  ...(quiet === undefined
                    ? []
                    : ([["No surprise until", <Instant key="until" at={quiet.until} />]] as const)),
                ]}
              />
            </div>
          )}
        </Answer>
      )}
    </Stack>
  );
}

import { Autocomplete, Button, Stack } from "@mantine/core";
import { useState } from "react";
import { useRead } from "../data/queries.ts";
import { Answer } from "./answer.tsx";
import { Instant } from "./instant.tsx";
import { Verdict } from "./verdict.tsx";

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
          {(said) => (
            <Verdict
              of={said}
              more={
                said.quiet === undefined ? [] : [["No surprise until", <Instant key="until" at={said.quiet.until} />]]
              }
            />
          )}
        </Answer>
      )}
    </Stack>
  );
}

import { Stack } from "@mantine/core";
import { useRead } from "../data/queries.ts";
import { Answer } from "./answer.tsx";
import { IdentityDecision } from "./identity-decision.tsx";

/** The devices about whose identity somebody has to decide; nothing where there are none. */
export function WaitingDevices() {
  const waiting = useRead("cpl/dm/device/waiting", { limit: 50 });
  return (
    <Answer of={waiting} lines={0}>
      {({ items }) =>
        items.length > 0 && (
          <Stack gap="sm">
            {items.map((device) => (
              <IdentityDecision key={device.id} device={device} />
            ))}
          </Stack>
        )
      }
    </Answer>
  );
}

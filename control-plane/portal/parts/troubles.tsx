import { Alert } from "@mantine/core";
import { explainCondition } from "../data/conditions.ts";
import type { DeviceRow } from "../data/rows.ts";
import { Plain } from "./plain.tsx";

/** What an operator must know before anything else: why a device is not trusted, and what is wrong with it. */
export function Troubles({ device }: { readonly device: DeviceRow }) {
  const { state, quarantineReason = "", conditions = [], presence } = device;
  const troubles = [
    ...(state === "quarantined"
      ? [`In quarantine, without commands: ${quarantineReason || "no reason was given"}`]
      : []),
    ...(presence === "flapping" ? ["It comes and goes: more than five times in ten minutes"] : []),
    ...conditions.map((each) => `${each}: ${explainCondition(each)}`),
  ];
  if (troubles.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" my="sm" p="xs">
      {troubles.map((trouble) => (
        <div key={trouble}>
          <Plain text={trouble} />
        </div>
      ))}
    </Alert>
  );
}

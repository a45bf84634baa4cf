import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useWrite } from "../data/queries.ts";
import type { DeviceRow } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { Failure } from "./answer.tsx";
import { Plain } from "./plain.tsx";
import { saved } from "./saved.ts";

/** What somebody has to decide about a device's identity; nothing where there is nothing to decide. */
export function IdentityDecision({ device }: { readonly device: DeviceRow }) {
  const done = () => saved("That is decided");
  const approve = useWrite("cpl/dm/device/approve", done);
  const split = useWrite("cpl/dm/device/split", done);
  const replace = useWrite("cpl/dm/device/replace", done);
  const [mayApprove, mayWrite] = [useMay("enrol:approve"), useMay("device:write")];
  const { waitsFor = "", doubt = "", contender = "" } = device.identity ?? {};
  if (device.state === "retired" || (waitsFor === "" && doubt === "")) return null;
  const failed = [approve, split, replace].find(({ isError }) => isError);
  const ask = (title: string, run: () => void, isAllowed: boolean) => (
    <Button size="xs" variant="default" disabled={!isAllowed} onClick={run}>
      {title}
    </Button>
  );
  return (
    <Alert
      color="yellow"
      title={
        <>
          <Plain text={device.name} />: {doubt === "" ? "waits for approval" : "two hosts seem to hold this identity"}
        </>
      }
    >
      <Stack gap="sm">
        <Text size="sm">
          <Plain text={doubt === "" ? (reasons[waitsFor] ?? waitsFor) : doubt} />
        </Text>
        <Text size="sm">
          {device.machineId !== "" && (
            <>
              Machine <Plain text={device.machineId} />.{" "}
            </>
          )}
          Fingerprint of the key that asks: <Plain text={contender || "none has asked"} />
        </Text>
        <Group>
          {waitsFor === "replacement" && (
            <>
              {ask("Replace the former device", () => approve.mutate({ device: device.id, replace: true }), mayApprove)}
              {ask("Keep both", () => approve.mutate({ device: device.id, replace: false }), mayApprove)}
            </>
          )}
          {(waitsFor === "enrolment" || waitsFor === "recovery") &&
            ask("Approve", () => approve.mutate({ device: device.id }), mayApprove)}
          {doubt !== "" && (
            <>
              {ask("The copy enrols anew", () => split.mutate({ device: device.id }), mayWrite)}
              {ask("Who asked last goes on", () => replace.mutate({ device: device.id }), mayWrite)}
            </>
          )}
        </Group>
        {failed && <Failure error={failed.error} />}
      </Stack>
    </Alert>
  );
}

const reasons: Readonly<Record<string, string>> = {
  enrolment: "Its token asks for an approval of every host.",
  replacement: "This host is a device already: it asks to be one again.",
  recovery: "Its certificate has ended or was revoked, and it may not come back by itself.",
};
